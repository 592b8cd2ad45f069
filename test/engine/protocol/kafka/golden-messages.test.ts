import t from 'tap';
import { Reader } from '../../../../engine/protocol/kafka/reader.js';
import { SCHEMAS } from '../../../golden/codec/message-schemas.js';
import { encodeWhole, loadCodec } from './codecs.js';
import { type GoldenMessage, readGolden, revive } from './golden.js';
import { everyVersion } from './message-schema.js';
import { subsetDifference } from './sameness.js';

const golden = readGolden<GoldenMessage>('messages.jsonl');

t.test('the golden messages cover every version', async (t) => {
  const covered = new Set(golden.map(({ name, version }) => `${name} ${version}`));
  for (const [{ name }, version] of everyVersion(SCHEMAS)) {
    if (!covered.has(`${name} ${version}`)) t.fail(`${name} v${version} has no golden bytes`);
  }
  t.equal(covered.size, [...everyVersion(SCHEMAS)].length);
});

for (const schema of SCHEMAS) {
  t.test(`${schema.name} reads and writes Kafka's bytes`, async (t) => {
    const codec = await loadCodec(schema);
    for (const { version, value, hex } of golden.filter(({ name }) => name === schema.name)) {
      const message = value === null ? {} : revive(schema, version, value);
      t.equal(
        Buffer.from(encodeWhole(codec, message, version)).toString('hex'),
        hex,
        `v${version}`,
      );
      const reader = new Reader(Buffer.from(hex, 'hex'));
      const decoded = codec.decode(reader, version);
      t.equal(subsetDifference(message, decoded, schema.name), null);
      t.equal(reader.remaining, 0);
    }
  });
}
