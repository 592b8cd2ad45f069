/**
 * FindCoordinator (key 10), versions 0–6.
 *
 * This broker is the coordinator of every group, under the address of the listener that was asked. The first question makes
 * `__consumer_offsets`.
 * - v1 tells kinds of coordinators apart, v4 asks for several keys at once (KIP-699).
 * - v5 and v6 only widen what clients may expect: TRANSACTION_ABORTABLE (KIP-890) and share groups (KIP-932).
 * Absent: transactions (KIP-98). A transactional id is refused with TRANSACTIONAL_ID_AUTHORIZATION_FAILED, which every client
 * reports at once, as in InitProducerId; "no coordinator" would be asked again until a timeout. Share groups: INVALID_REQUEST,
 * as from a Kafka broker without them.
 */
import { ErrorCode } from '../protocol/kafka/errors.js';
import {
  decodeFindCoordinatorRequest,
  type FindCoordinatorRequest,
  findCoordinatorRequestVersions,
} from '../protocol/kafka/messages/find-coordinator-request.js';
import {
  encodeFindCoordinatorResponse,
  type FindCoordinatorResponse,
} from '../protocol/kafka/messages/find-coordinator-response.js';
import { type RequestContext, unary } from './api.js';
import type { Services } from './services.js';

/** First version with several keys. */
const keysFromVersion = 4;
/** Kinds of coordinators. */
const groupKey = 0;
const transactionKey = 1;

export const findCoordinator = unary<FindCoordinatorRequest, FindCoordinatorResponse>({
  key: findCoordinatorRequestVersions.apiKey,
  name: 'FindCoordinator',
  minVersion: findCoordinatorRequestVersions.min,
  maxVersion: findCoordinatorRequestVersions.max,
  flexibleFrom: findCoordinatorRequestVersions.flexibleFrom,
  authorization: 'group:describe',
  decode: decodeFindCoordinatorRequest,
  encode: encodeFindCoordinatorResponse,
  async answer(request, context, services) {
    const coordinator = await find(request.keyType, context, services);
    // What Kafka says where nothing is wrong.
    if (context.apiVersion < keysFromVersion) return { errorMessage: 'NONE', ...coordinator };
    return { coordinators: request.coordinatorKeys.map((key) => ({ ...coordinator, key })) };
  },
});

async function find(keyType: number, context: RequestContext, services: Services) {
  if (keyType === transactionKey) {
    return refused(
      ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
      'This broker does not serve transactions.',
    );
  }
  if (keyType !== groupKey) {
    return refused(ErrorCode.INVALID_REQUEST, `No coordinator serves keys of type ${keyType}.`);
  }
  try {
    await services.groups.ensureReady();
  } catch (error) {
    services.log.error({ err: error }, 'cannot make the offsets topic');
    return refused(ErrorCode.COORDINATOR_NOT_AVAILABLE, 'The offsets topic cannot be made now.');
  }
  const { host, port } = services.advertised.get(context.listener)!;
  const { nodeId } = services.catalog;
  return { errorCode: ErrorCode.NONE, nodeId, host, port };
}

function refused(errorCode: number, errorMessage: string) {
  return { errorCode, errorMessage, nodeId: -1, host: '', port: -1 };
}
