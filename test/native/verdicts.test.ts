import t from 'tap';
import { BatchCheck, BatchCheckFlags, BatchFault, batchCheckSlots } from '../../native/index.js';
import { available, goldenLines } from './samples.js';

/** What Kafka's LogValidator said; see test/golden/codecs/README.md. */
interface Verdict {
  compacted: boolean;
  accepted: boolean;
  maxTimestamp?: string;
  batch: string;
}

for (const codecs of available) {
  t.test(`${codecs.name}: agrees with Kafka's LogValidator on damaged batches`, async (t) => {
    const out = new Float64Array(batchCheckSlots);
    let misnumbered = 0;
    for (const line of goldenLines('verdicts.jsonl')) {
      const { compacted, accepted, maxTimestamp, batch } = JSON.parse(line) as Verdict;
      const view = Buffer.from(batch, 'base64');
      const flags = compacted ? BatchCheckFlags.requireKeys : 0;
      const fault = codecs.checkBatch(view, 0, view.length, flags, 1 << 20, out);
      if (fault === BatchFault.badOffsetDelta) {
        // The one rule that is stricter here: Kafka stores plain batches with such offsets.
        misnumbered++;
        continue;
      }
      if (accepted !== (fault === BatchFault.none)) t.fail(`fault ${fault} for ${line}`);
      const found = BigInt(out[BatchCheck.maxTimestamp]!);
      if (accepted && Math.abs(Number(found)) < 2 ** 53 && String(found) !== maxTimestamp) {
        t.fail(`maximum timestamp ${found} for ${line}`);
      }
    }
    t.equal(misnumbered, 4);
  });
}
