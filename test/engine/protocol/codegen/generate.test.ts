import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { deflateRawSync } from 'node:zlib';
import t from 'tap';
import { parseDefinition } from '../../../../engine/protocol/codegen/definition.js';
import { emitMessage } from '../../../../engine/protocol/codegen/emit-message.js';
import { hasLocalJars } from '../../../../engine/protocol/codegen/jars.js';
import { condition, parseVersions } from '../../../../engine/protocol/codegen/versions.js';
import { readZip } from '../../../../engine/protocol/codegen/zip.js';

t.test(
  'the committed files are what the generator writes',
  {
    skip: hasLocalJars() ? false : 'Kafka’s jars are not in the local Maven repository',
  },
  async (t) => {
    const program = fileURLToPath(
      new URL('../../../../engine/protocol/codegen/generate.js', import.meta.url),
    );
    const { status, stderr } = spawnSync(process.execPath, [program, '--check'], {
      encoding: 'utf8',
    });
    t.equal(stderr, '');
    t.equal(status, 0);
  },
);

t.test('versions', async (t) => {
  t.same(parseVersions('3'), { min: 3, max: 3 });
  t.same(parseVersions('0-4'), { min: 0, max: 4 });
  t.equal(parseVersions('2+').min, 2);
  t.throws(() => parseVersions('2-'), /not a version range/);
  const context = { min: 2, max: 9 };
  t.equal(condition(parseVersions('0+'), context), null);
  t.equal(condition(parseVersions('5+'), context), 'version >= 5');
  t.equal(condition(parseVersions('0-5'), context), 'version <= 5');
  t.equal(condition(parseVersions('4-5'), context), 'version >= 4 && version <= 5');
  t.equal(condition(parseVersions('4'), context), 'version === 4');
});

t.test('a definition becomes a module', async (t) => {
  const definition = parseDefinition(`{
    // "a comment"
    "apiKey": 7, "type": "request", "name": "ToyRequest",
    "validVersions": "1-3", "flexibleVersions": "2+",
    "fields": [
      { "name": "Url", "type": "string", "versions": "0+", "default": "http://x" }, // not a comment
      { "name": "Old", "type": "int8", "versions": "0" },
      { "name": "Later", "type": "int64", "versions": "3+", "default": "9223372036854775807" },
      { "name": "Toys", "type": "[]Toy", "versions": "1+", "fields": [
        { "name": "Id", "type": "uuid", "versions": "1+" }
      ]}
    ]
  }`);
  const module = emitMessage(definition);
  t.match(module, 'const url = r.string(flexible);');
  t.match(module, "w.string(m.url ?? 'http://x', flexible);");
  t.match(module, 'version >= 3 ? r.int64() : INT64_MAX;');
  t.match(module, 'readonly toys: readonly Toy[];');
  t.notMatch(module, 'old');
  t.throws(
    () =>
      parseDefinition(
        '{"name":"X","type":"data","validVersions":"0","fields":[{"name":"A","type":"int31"}]}',
      ),
    /unknown type int31/,
  );
});

t.test('zip archives', async (t) => {
  const archive = zipOf([
    ['a/stored.json', Buffer.from('plain'), 0],
    ['a/deflated.json', Buffer.from('packed '.repeat(50)), 8],
    ['b/other.class', Buffer.from('no'), 0],
  ]);
  const files = readZip(archive, (path) => path.endsWith('.json'));
  t.same([...files.keys()], ['a/stored.json', 'a/deflated.json']);
  t.equal(files.get('a/stored.json')?.toString(), 'plain');
  t.equal(files.get('a/deflated.json')?.toString(), 'packed '.repeat(50));
  t.throws(() => readZip(Buffer.alloc(100), () => true), /not a zip file/);
  const unknown = zipOf([['x', Buffer.from('x'), 12]]);
  t.throws(() => readZip(unknown, () => true), /compression method 12/);
});

/** A zip archive with only the header fields that the reader looks at. */
function zipOf(files: [path: string, content: Buffer, method: number][]): Buffer {
  const locals: Buffer[] = [];
  const entries: Buffer[] = [];
  let offset = 0;
  for (const [path, content, method] of files) {
    const name = Buffer.from(path);
    const packed = method === 8 ? deflateRawSync(content) : content;
    const local = Buffer.alloc(30);
    local.writeUInt16LE(name.length, 26);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(method, 10);
    entry.writeUInt32LE(packed.length, 20);
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt32LE(offset, 42);
    locals.push(local, name, packed);
    entries.push(entry, name);
    offset += local.length + name.length + packed.length;
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, ...entries, end]);
}
