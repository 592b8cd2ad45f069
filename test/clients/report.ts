/** Prints one line a scenario, and counts. */

import type { Scenario } from './scenarios/scenario.js';

export class Report {
  #passed = 0;
  #failed = 0;
  #skipped = 0;
  readonly #startedMs = performance.now();

  note(text: string): void {
    process.stdout.write(`     ${text}\n`);
  }

  skip(client: string, why: string): void {
    this.#skipped++;
    process.stdout.write(`skip ${client}: ${why}\n`);
  }

  fail(client: string, title: string, error: unknown): void {
    this.#failed++;
    const text = error instanceof Error ? error.message : String(error);
    process.stdout.write(`FAIL ${client} ${title}\n       ${text.replaceAll('\n', '\n       ')}\n`);
  }

  /** Runs a scenario and prints how it went. */
  async run(scenario: Scenario): Promise<void> {
    const startedMs = performance.now();
    try {
      await scenario.run();
      this.#passed++;
      const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
      process.stdout.write(`ok   ${scenario.client} ${scenario.title} ${seconds} s\n`);
    } catch (error) {
      this.fail(scenario.client, scenario.title, error);
    }
  }

  /** Calls `act` for every item, at most `limit` at once. */
  async each<T>(
    limit: number,
    items: readonly T[],
    act: (item: T) => Promise<void>,
  ): Promise<void> {
    const waiting = [...items];
    const lane = async () => {
      for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await act(item);
    };
    await Promise.all(Array.from({ length: limit }, lane));
  }

  /** Prints the last line. Gives whether nothing failed. */
  end(): boolean {
    const seconds = Math.round((performance.now() - this.#startedMs) / 1000);
    const counts = `${this.#passed} passed, ${this.#failed} failed, ${this.#skipped} skipped`;
    this.note(`${seconds} s`);
    process.stdout.write(`${counts}\n`);
    return this.#failed === 0;
  }
}
