/** An idempotent producer and a member of a group, both of librdkafka, on a topic of one partition that nobody else uses. */
import type { Test } from 'tap';
import { Program } from '../clients/process.js';
import { type Client, type Member, startMember } from './kafka-members.js';

export class LibrdkafkaPair {
  readonly #producer: Program;
  readonly #member: Member;
  /** In the order in which they were acknowledged. */
  readonly #acknowledged: { number: number; offset: number }[] = [];
  #wake: () => void = () => {};

  constructor(t: Test, client: Client, bootstrap: string, topic: string) {
    this.#member = startMember(t, client, bootstrap, topic);
    const spec = { scenario: 'load', bootstrap, topic, partitions: 1, name: 'load' };
    this.#producer = new Program('librdkafka', [...client.command], spec, (line) => {
      for (const [, number, offset] of line.acked ?? [])
        this.#acknowledged.push({ number, offset });
      this.#wake();
    });
    t.teardown(() => this.#producer.kill());
  }

  /** Resolves when so many more were acknowledged, and read. */
  async more(count: number): Promise<void> {
    const wanted = this.#acknowledged.length + count;
    while (this.#acknowledged.length < wanted) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    await this.#member.got(wanted);
  }

  /** Stops the producer; all of its records were acknowledged, in their order, and are read, and nothing else. */
  async finish(t: Test): Promise<void> {
    await this.#producer.stop();
    const acknowledged = this.#acknowledged.toSorted((a, b) => a.number - b.number);
    t.strictSame(
      acknowledged.map(({ number }) => number),
      acknowledged.map((_, at) => at),
      'librdkafka: each record is acknowledged once',
    );
    const offsets = acknowledged.map(({ offset }) => offset);
    t.ok(
      offsets.every((offset, at) => at === 0 || offset > (offsets[at - 1] ?? 0)),
      'librdkafka: in their order',
    );
    await this.#member.got(offsets.length);
    const read = [...this.#member.seen.keys()].sort((a, b) => a - b);
    t.strictSame(read, offsets, 'librdkafka: all of them are read, and nothing else');
  }
}
