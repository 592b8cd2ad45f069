import { pino } from 'pino';
import t from 'tap';
import { RefusalLog } from '../../../engine/listen/refusal-log.js';
import { ErrorCode } from '../../../engine/protocol/kafka/errors.js';
import { BatchFault } from '../../../native/codecs.js';

const period = 10;

function watched() {
  const lines: Record<string, unknown>[] = [];
  const refusals = new RefusalLog(
    pino({ base: null }, { write: (line) => lines.push(JSON.parse(line)) }),
  );
  const refuse = (connectionId: number, partition: number, errorCode: number, fault = 0) => {
    const producer = { clientHost: '/10.0.0.1', clientId: 'c', connectionId, listener: 'L' };
    refusals.tell(producer, 'topic', partition, errorCode, fault);
  };
  const sweep = (times: number) => {
    for (let count = 0; count < times; count++) refusals.sweep();
  };
  return { lines, refusals, refuse, sweep };
}

t.test('a connection has one line for a partition in a period', (t) => {
  const { lines, refuse, sweep } = watched();
  for (let count = 0; count < 3; count++)
    refuse(1, 0, ErrorCode.CORRUPT_MESSAGE, BatchFault.badCrc);
  refuse(1, 1, ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER);
  refuse(2, 0, ErrorCode.CORRUPT_MESSAGE, BatchFault.badCrc);
  t.equal(lines.length, 3);
  t.match(lines[0], {
    level: 40,
    peer: '/10.0.0.1',
    listener: 'L',
    clientId: 'c',
    topic: 'topic',
    partition: 0,
    error: 'CORRUPT_MESSAGE',
    msg: 'a record set was refused: its CRC does not match its bytes',
  });
  t.match(lines[1], { partition: 1, error: 'OUT_OF_ORDER_SEQUENCE_NUMBER', msg: /sequence/ });
  sweep(period - 1);
  t.equal(lines.length, 3);
  sweep(1);
  t.match(lines[3], { refused: 2, peers: { '/10.0.0.1': 2 }, msg: /further record sets/ });
  refuse(1, 0, ErrorCode.CORRUPT_MESSAGE, BatchFault.badCrc);
  t.equal(lines.length, 5);
  sweep(period);
  t.equal(lines.length, 5, 'nothing was only counted');
  t.end();
});

t.test('many partitions have some lines, and the rest is counted', (t) => {
  const { lines, refusals, refuse } = watched();
  for (let partition = 0; partition < 1_000; partition++)
    refuse(1, partition, ErrorCode.INVALID_RECORD);
  t.equal(lines.length, 20);
  refusals.flush();
  t.match(lines[20], { refused: 980 });
  t.end();
});

t.test('what passes by itself or has a line elsewhere has none here', (t) => {
  const { lines, refuse } = watched();
  refuse(1, 0, ErrorCode.NOT_LEADER_OR_FOLLOWER);
  refuse(1, 0, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  refuse(1, 0, ErrorCode.KAFKA_STORAGE_ERROR);
  t.equal(lines.length, 0);
  t.end();
});
