/** What one check of `kopje check` found. */
export interface Finding {
  readonly level: 'ok' | 'warning' | 'problem';
  /** What was looked at: `data directory`, `port`, … */
  readonly subject: string;
  readonly text: string;
  /** What to do about it; absent when all is well. */
  readonly advice?: string;
}
