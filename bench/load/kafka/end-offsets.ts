import { decodeListOffsetsResponse } from '../../../engine/protocol/kafka/messages/list-offsets-response.js';
import { Reader } from '../../../engine/protocol/kafka/reader.js';
import type { RawConnection } from './raw-connection.js';
import { listOffsetsRequest, versions } from './requests.js';

const correlationIdBytes = 4;

/** Records of a topic that nothing was deleted of. */
export async function recordsOf(
  connection: RawConnection,
  topic: string,
  partitions: number,
): Promise<number> {
  const response = await connection.ask(listOffsetsRequest(topic, partitions));
  const reader = new Reader(response, correlationIdBytes);
  const { topics } = decodeListOffsetsResponse(reader, versions.listOffsets);
  return topics
    .flatMap((one) => one.partitions)
    .reduce((total, { errorCode, offset }) => {
      if (errorCode !== 0) throw new Error(`ListOffsets was answered with error ${errorCode}`);
      return total + offset;
    }, 0);
}
