/**
 * ApiVersions (key 18), versions 0–4.
 *
 * The table of what this broker serves, derived from the handlers that there are.
 * - A version that is not known here is answered in version 0 with UNSUPPORTED_VERSION and the
 *   table (KIP-511), so that a newer client can ask again.
 * - Produce is announced from version 0 although 0–2 are refused, as Kafka 4 does: librdkafka
 *   (tried: 2.0.2) sends everything uncompressed to a broker whose table lacks Produce v0
 *   (KAFKA-18659).
 * - From version 3 on the client names itself; a name that does not fit the pattern is refused
 *   (KIP-511).
 * Absent: features (KIP-584). None is announced, which clients read as a broker without
 * transactions v2 (KIP-890) and without the new group protocols.
 */
import { ErrorCode } from '../protocol/kafka/errors.js';
import {
  apiVersionsRequestVersions,
  decodeApiVersionsRequest,
} from '../protocol/kafka/messages/api-versions-request.js';
import { encodeApiVersionsResponse } from '../protocol/kafka/messages/api-versions-response.js';
import type { Api, InFlight } from './api.js';
import type { Services } from './services.js';

const maxVersion = 4;
const produceKey = 0;
const announcedProduceMinVersion = 0;
/** First version in which the client names its software. */
const softwareFromVersion = 3;
const softwarePattern = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/;

interface VersionRange {
  readonly apiKey: number;
  readonly minVersion: number;
  readonly maxVersion: number;
}

/** What is announced of every API, in order of keys. */
export function announcedVersions(apis: ReadonlyMap<number, Api>): VersionRange[] {
  const ranges = [...apis.values()].map((api) => ({
    apiKey: api.key,
    minVersion: api.key === produceKey ? announcedProduceMinVersion : api.minVersion,
    maxVersion: api.maxVersion,
  }));
  return ranges.sort((a, b) => a.apiKey - b.apiKey);
}

function errorOf(request: InFlight): number {
  const version = request.apiVersion;
  if (version < 0 || version > maxVersion) return ErrorCode.UNSUPPORTED_VERSION;
  const body = decodeApiVersionsRequest(request.reader, version);
  if (version < softwareFromVersion) return ErrorCode.NONE;
  const named =
    softwarePattern.test(body.clientSoftwareName) &&
    softwarePattern.test(body.clientSoftwareVersion);
  return named ? ErrorCode.NONE : ErrorCode.INVALID_REQUEST;
}

export const apiVersions: Api = {
  key: apiVersionsRequestVersions.apiKey,
  name: 'ApiVersions',
  minVersion: 0,
  maxVersion,
  flexibleFrom: apiVersionsRequestVersions.flexibleFrom,
  overlap: 'none',
  authorization: 'none',
  handle(request: InFlight, services: Services) {
    const errorCode = errorOf(request);
    const version = errorCode === ErrorCode.UNSUPPORTED_VERSION ? 0 : request.apiVersion;
    const apiKeys = errorCode === ErrorCode.INVALID_REQUEST ? [] : announcedVersions(services.apis);
    request.reply((writer) => encodeApiVersionsResponse(writer, { errorCode, apiKeys }, version));
  },
};
