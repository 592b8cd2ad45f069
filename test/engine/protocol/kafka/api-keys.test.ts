import t from 'tap';
import {
  ApiKey,
  apiName,
  requestHeaderVersion,
  responseHeaderVersion,
} from '../../../../engine/protocol/kafka/api-keys.js';
import { ErrorCode, errorMessage, errorName } from '../../../../engine/protocol/kafka/errors.js';

t.test('keys and names', async (t) => {
  t.equal(ApiKey.PRODUCE, 0);
  t.equal(ApiKey.DESCRIBE_TOPIC_PARTITIONS, 75);
  t.equal(apiName(18), 'ApiVersions');
  t.equal(apiName(9999), null);
  t.equal(new Set(Object.values(ApiKey)).size, Object.keys(ApiKey).length);
});

t.test('header versions follow the first flexible version', async (t) => {
  t.equal(requestHeaderVersion(ApiKey.PRODUCE, 8), 1);
  t.equal(requestHeaderVersion(ApiKey.PRODUCE, 9), 2);
  t.equal(responseHeaderVersion(ApiKey.PRODUCE, 8), 0);
  t.equal(responseHeaderVersion(ApiKey.PRODUCE, 9), 1);
  t.equal(requestHeaderVersion(ApiKey.API_VERSIONS, 3), 2);
  t.equal(responseHeaderVersion(ApiKey.API_VERSIONS, 3), 0);
  t.equal(requestHeaderVersion(ApiKey.API_VERSIONS, 999), 2);
  t.equal(requestHeaderVersion(ApiKey.SASL_HANDSHAKE, 1), 1);
  t.equal(requestHeaderVersion(ApiKey.OFFSET_DELETE, 0), 1);
  t.equal(requestHeaderVersion(9999, 0), 1);
});

t.test('error codes', async (t) => {
  t.equal(errorName(0), 'NONE');
  t.equal(errorName(-1), 'UNKNOWN_SERVER_ERROR');
  t.equal(errorName(9999), 'ERROR_9999');
  t.equal(errorMessage(ErrorCode.INVALID_CONFIG), 'A configuration value is not possible.');
  t.equal(errorMessage(ErrorCode.VOTER_NOT_FOUND), 'VOTER_NOT_FOUND');
  const codes = Object.values(ErrorCode).sort((a, b) => a - b);
  t.same(
    codes,
    Array.from({ length: codes.length }, (_, i) => i - 1),
  );
});
