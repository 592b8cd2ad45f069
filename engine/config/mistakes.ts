/** What is wrong with the settings; all of it at once. */

/** One mistake: where it is and what to do. */
export interface Mistake {
  /** `kopje.yaml:3`, `KOPJE_WORKERS`, `--set workers` or the name of a setting. */
  readonly where: string;
  readonly message: string;
}

/** Thrown by the loader; its message has one line per mistake. */
export class SettingsError extends Error {
  readonly mistakes: readonly Mistake[];
  constructor(mistakes: readonly Mistake[]) {
    super(mistakes.map(({ where, message }) => `${where}: ${message}`).join('\n'));
    this.name = 'SettingsError';
    this.mistakes = mistakes;
  }
}
