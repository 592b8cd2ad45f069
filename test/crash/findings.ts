/** What a run found wrong; each thing once, however often it is seen. */
export class Findings {
  readonly #texts = new Set<string>();
  /** Further ones are the same defect, most likely. */
  static readonly most = 20;

  add(text: string): void {
    if (this.#texts.size < Findings.most) this.#texts.add(text);
  }

  get texts(): string[] {
    return [...this.#texts];
  }
}
