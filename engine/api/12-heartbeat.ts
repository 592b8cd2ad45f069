/**
 * Heartbeat (key 12), versions 0–4.
 *
 * Keeps the session of a member of a classic group, and tells it of a rebalance by REBALANCE_IN_PROGRESS.
 * - While its group loads, a member is told that all is well, as by Kafka: it could do nothing else than wait.
 * - v3: static members (KIP-345).
 * Absent: ConsumerGroupHeartbeat is an API of its own (KIP-848).
 */
import {
  decodeHeartbeatRequest,
  type HeartbeatRequest,
  heartbeatRequestVersions,
} from '../protocol/kafka/messages/heartbeat-request.js';
import {
  encodeHeartbeatResponse,
  type HeartbeatResponse,
} from '../protocol/kafka/messages/heartbeat-response.js';
import { unary } from './api.js';

export const heartbeat = unary<HeartbeatRequest, HeartbeatResponse>({
  key: heartbeatRequestVersions.apiKey,
  name: 'Heartbeat',
  minVersion: heartbeatRequestVersions.min,
  maxVersion: heartbeatRequestVersions.max,
  flexibleFrom: heartbeatRequestVersions.flexibleFrom,
  authorization: 'group:read',
  decode: decodeHeartbeatRequest,
  encode: encodeHeartbeatResponse,
  answer({ groupId, memberId, groupInstanceId, generationId }, _context, { groups }) {
    return { errorCode: groups.heartbeat(groupId, memberId, groupInstanceId, generationId) };
  },
});
