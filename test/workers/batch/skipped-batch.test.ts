import t from 'tap';
import { crc32c } from '../../../engine/protocol/kafka/crc32c.js';
import {
  BATCH_FIELD,
  baseOffset,
  batchCrc,
  isControl,
  lastOffset,
  partitionLeaderEpoch,
  recordCount,
} from '../../../engine/protocol/kafka/record-batch.js';
import { RecordCursor } from '../../../engine/protocol/kafka/record-cursor.js';
import { SKIPPED_BATCH_BYTES, skippedBatch } from '../../../workers/batch/skipped-batch.js';

t.test('offsets that hold nothing are one control record at their end', async (t) => {
  for (const span of [1, 2, 64, 65, 10_000, 2 ** 31 - 1]) {
    const batch = skippedBatch(7, 7 + span - 1, 3);
    t.ok(batch.length <= SKIPPED_BATCH_BYTES);
    t.ok(isControl(batch, 0));
    t.equal(baseOffset(batch, 0), 7);
    t.equal(lastOffset(batch, 0), 7 + span - 1);
    t.equal(partitionLeaderEpoch(batch, 0), 3);
    t.equal(recordCount(batch, 0), 1);
    t.equal(batchCrc(batch, 0), crc32c(batch, BATCH_FIELD.attributes, batch.length));
    const cursor = new RecordCursor().openBatch(batch, 0);
    t.ok(cursor.next());
    t.strictSame([cursor.offsetDelta, cursor.recordEnd], [span - 1, batch.length]);
    t.strictSame([...batch.subarray(cursor.keyStart, cursor.keyEnd)], [0, 0, 0xff, 0xff]);
    t.notOk(cursor.next());
  }
});
