/**
 * InitProducerId (key 22), versions 0–5.
 *
 * Hands an idempotent producer an id that nobody had before, with epoch 0; ids are durable in
 * blocks before they leave.
 * - A producer that names the id and epoch it had (KIP-360, version 3 on) gets a new id too:
 *   without a transactional id there is nothing to bump, and Kafka's broker does the same.
 * - Half a pair of id and epoch, and an empty transactional id, are INVALID_REQUEST as in Kafka.
 * Absent: transactional ids (KIP-98), hence versions 6 and up (KIP-939). They are refused with
 * TRANSACTIONAL_ID_AUTHORIZATION_FAILED: that code is fatal and final in every client, whereas "no
 * coordinator" would be retried until a timeout.
 */
import { ErrorCode } from '../protocol/kafka/errors.js';
import {
  decodeInitProducerIdRequest,
  type InitProducerIdRequest,
  initProducerIdRequestVersions,
} from '../protocol/kafka/messages/init-producer-id-request.js';
import {
  encodeInitProducerIdResponse,
  type InitProducerIdResponse,
} from '../protocol/kafka/messages/init-producer-id-response.js';
import { unary } from './api.js';

/** Stands for "no id" and "no epoch". */
const none = -1;

export const initProducerId = unary<InitProducerIdRequest, InitProducerIdResponse>({
  key: initProducerIdRequestVersions.apiKey,
  name: 'InitProducerId',
  minVersion: 0,
  maxVersion: 5,
  flexibleFrom: initProducerIdRequestVersions.flexibleFrom,
  authorization: 'cluster:idempotent-write',
  decode: decodeInitProducerIdRequest,
  encode: encodeInitProducerIdResponse,
  async answer(request, _context, { producerIds, log }) {
    const { transactionalId, producerId, producerEpoch } = request;
    if (transactionalId === '' || (producerId === none) !== (producerEpoch === none)) {
      return refused(ErrorCode.INVALID_REQUEST);
    }
    if (transactionalId !== null) {
      return refused(ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
    }
    try {
      return { errorCode: ErrorCode.NONE, producerId: await producerIds.next(), producerEpoch: 0 };
    } catch (error) {
      log.error({ err: error }, 'cannot allocate producer ids');
      return refused(ErrorCode.COORDINATOR_NOT_AVAILABLE);
    }
  },
});

function refused(errorCode: number) {
  return { errorCode, producerId: none, producerEpoch: none };
}
