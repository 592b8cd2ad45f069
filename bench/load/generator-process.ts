import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Mark, Order } from './generator.js';
import type { MeasuredLoad } from './measured-load.js';

/** The load generator's process: one order at a time, each answered. */
export class GeneratorProcess implements MeasuredLoad {
  /** It has one thread. */
  readonly maxCpuShare = 0.95;
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;

  constructor() {
    const script = new URL('./generator.js', import.meta.url).pathname;
    this.#child = spawn(process.execPath, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
    if (!this.#child.stdout) throw new Error('the load generator has no output');
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async obey(order: Order): Promise<unknown> {
    this.#child.stdin?.write(`${JSON.stringify(order)}\n`);
    const { value, done } = await this.#answers.next();
    if (done) throw new Error('the load generator ended; its last words are above');
    return JSON.parse(value as string);
  }

  mark(): Promise<Mark> {
    return this.obey({ order: 'mark' }) as Promise<Mark>;
  }

  async forget(): Promise<void> {
    await this.obey({ order: 'forget' });
  }

  async stop(): Promise<void> {
    await this.obey({ order: 'stop' });
  }

  close(): void {
    this.#child.kill();
  }
}
