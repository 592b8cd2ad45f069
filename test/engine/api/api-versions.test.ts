import t from 'tap';
import { apiVersions } from '../../../engine/api/18-api-versions.js';
import { apis } from '../../../engine/api/served.js';
import { encodeApiVersionsRequest } from '../../../engine/protocol/kafka/messages/api-versions-request.js';
import { decodeApiVersionsResponse } from '../../../engine/protocol/kafka/messages/api-versions-response.js';
import { dial, openBench } from './dial.js';

t.test('the table says what the handlers say', async (t) => {
  const bench = await openBench(t);
  const ask = dial(apiVersions, encodeApiVersionsRequest, decodeApiVersionsResponse, bench);
  const client = { clientSoftwareName: 'librdkafka', clientSoftwareVersion: '2.11.0-RC1' };
  for (let version = 0; version <= 4; version++) {
    const { errorCode, apiKeys } = await ask(version, client);
    t.equal(errorCode, 0);
    t.strictSame(
      apiKeys.map(({ apiKey }) => apiKey),
      [...apis.keys()].sort((a, b) => a - b),
    );
    for (const { apiKey, minVersion, maxVersion } of apiKeys) {
      const api = apis.get(apiKey)!;
      t.equal(maxVersion, api.maxVersion);
      t.equal(minVersion, apiKey === 0 ? 0 : api.minVersion, api.name);
    }
  }
});

t.test('an unknown version is answered in version 0, with the table', async (t) => {
  const bench = await openBench(t);
  // What a newer version sends cannot be known: the body must not be read.
  const ask = dial(apiVersions, () => undefined, decodeApiVersionsResponse, bench);
  for (const version of [5, 99, -1]) {
    const { errorCode, apiKeys } = await ask(version, {}, 0);
    t.equal(errorCode, 35);
    t.same(
      apiKeys.find(({ apiKey }) => apiKey === 18),
      {
        apiKey: 18,
        minVersion: 0,
        maxVersion: 4,
      },
    );
  }
});

t.test('software names have a pattern (KIP-511)', async (t) => {
  const bench = await openBench(t);
  const ask = dial(apiVersions, encodeApiVersionsRequest, decodeApiVersionsResponse, bench);
  for (const clientSoftwareName of ['', 'bad name', '-x', 'x-', 'x\n']) {
    const answer = await ask(3, { clientSoftwareName, clientSoftwareVersion: '1' });
    t.equal(answer.errorCode, 42, JSON.stringify(clientSoftwareName));
    t.equal(answer.apiKeys.length, 0);
  }
});
