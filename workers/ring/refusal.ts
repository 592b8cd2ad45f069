/** Why a record set was refused: a number in its completion, words in the log of the main thread. */
import { BatchFault } from '../../native/codecs.js';

/** What is found before the bytes of a batch are read; `BatchFault` has the other reasons. */
export const EnvelopeFault = {
  noBatch: 32,
  badPrefix: 33,
  cutShort: 34,
  oldMagic: 35,
  badRemainder: 36,
  severalBatches: 37,
  shortHeader: 38,
} as const;

const words: ReadonlyMap<number, string> = new Map([
  [BatchFault.truncated, 'its batch is cut short'],
  [BatchFault.badLength, 'the length in its header does not fit its bytes'],
  [BatchFault.badMagic, 'its magic is not 2'],
  [BatchFault.badBaseOffset, 'its base offset is not 0'],
  [BatchFault.badCrc, 'its CRC does not match its bytes'],
  [BatchFault.badAttributes, 'its compression does not exist'],
  [BatchFault.controlBatch, 'it is a control batch, which only brokers write'],
  [BatchFault.badCount, 'its record count does not fit its last offset'],
  [BatchFault.badSequence, 'it has a producer id and no sequence'],
  [BatchFault.unsupportedCompression, 'there is no decoder for its compression'],
  [BatchFault.corruptCompression, 'its records do not decompress'],
  [BatchFault.inflatesTooLarge, 'its records decompress to more than maxInflatedBytes'],
  [BatchFault.badRecord, 'lengths within a record do not fit its bytes'],
  [BatchFault.badHeaders, 'headers of a record do not fit its bytes'],
  [BatchFault.trailingBytes, 'there are bytes behind its last record'],
  [BatchFault.keyMissing, 'a record has no key, and the topic is compacted'],
  [EnvelopeFault.noBatch, 'it is too short to hold a batch'],
  [EnvelopeFault.badPrefix, 'it does not begin with a length and a known magic'],
  [EnvelopeFault.cutShort, 'its batch is longer than the record set'],
  [EnvelopeFault.oldMagic, 'its batch is of a format before magic 2'],
  [EnvelopeFault.badRemainder, 'the bytes behind its batch are no batch'],
  [EnvelopeFault.severalBatches, 'it holds more than one batch'],
  [EnvelopeFault.shortHeader, 'its batch is shorter than its header'],
]);

/** Words for a fault of either kind; undefined for 0, where the error code says all. */
export function describeFault(fault: number): string | undefined {
  return words.get(fault);
}
