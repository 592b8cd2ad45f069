// What every client program shares: the spec it is given, the records it makes, the lines it prints.
// Record i is the same in every language, so that one client can check what another produced; the
// runner's own copy is test/clients/records.ts.

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz'.repeat(21);

/** The key of record i, null for a null key. */
export function recordKey(i) {
  // Two of the clients refuse a record with neither key nor value.
  if (i % 7 === 0 && i % 13 !== 0) return null;
  return Buffer.from(i % 11 === 0 ? '' : `k${i % 1000}`);
}

/** The value of record i, null for a null value. */
export function recordValue(i) {
  if (i % 13 === 0) return null;
  if (i % 17 === 0) return Buffer.alloc(0);
  const start = i % 26;
  return Buffer.from(`${i}:${ALPHABET.slice(start, start + ((i * 37) % 500))}`);
}

/** The headers of record i in order, as [key, value] pairs. */
export function recordHeaders(i, withNull) {
  if (i % 3 === 0) return [];
  const first = [['h', Buffer.from(String(i))]];
  if (i % 5 !== 0) return first;
  return [
    ...first,
    ['h', Buffer.from('again')],
    ['n', withNull ? null : Buffer.from('0')],
    ['e', Buffer.alloc(0)],
    ['b', Buffer.from([0xff, 0xfe, 0x80 | (i & 0x7f)])],
  ];
}

/** Prints one result line. */
export function emit(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

/** Compares consumed records with the expected ones: record n of partition p is n * partitions + p. */
export class Check {
  constructor(spec) {
    this.spec = spec;
    this.seen = new Array(spec.partitions).fill(0);
    this.consumed = 0;
    this.wrong = [];
  }

  get done() {
    return this.consumed >= this.spec.count;
  }

  record(partition, offset, timestampMs, key, value, headers) {
    const i = this.seen[partition]++ * this.spec.partitions + partition;
    this.consumed++;
    const where = `partition ${partition} offset ${offset} record ${i}`;
    const wantedMs = this.spec.baseTimestampMs + i;
    if (timestampMs !== wantedMs) {
      this.miss(`${where}: timestamp is ${timestampMs}, want ${wantedMs}`);
    }
    const wanted = recordHeaders(i, this.spec.nullHeaders);
    if (!same(key, recordKey(i)))
      this.miss(`${where}: key is ${text(key)}, want ${text(recordKey(i))}`);
    if (!same(value, recordValue(i))) {
      this.miss(`${where}: value is ${text(value)}, want ${text(recordValue(i))}`);
    }
    const equal =
      headers.length === wanted.length &&
      headers.every((h, n) => h[0] === wanted[n][0] && same(h[1], wanted[n][1]));
    if (!equal) {
      const show = (list) => list.map(([k, v]) => `${k}=${text(v)}`).join(' ');
      this.miss(`${where}: headers are ${show(headers)}, want ${show(wanted)}`);
    }
  }

  report() {
    emit({ consumed: this.consumed, wrong: this.wrong });
  }

  miss(what) {
    if (this.wrong.length < 5) this.wrong.push(what);
  }
}

function same(got, want) {
  if (got === null || want === null) return got === want;
  return got.equals(want);
}

function text(bytes) {
  return bytes === null ? 'null' : JSON.stringify(bytes.toString('latin1').slice(0, 80));
}

/** Resolves when the runner closes this process's standard input. */
export function toldToStop() {
  return new Promise((resolve) => {
    process.stdin.on('end', resolve).resume();
  });
}

/** Reads the spec and runs its scenario; an error ends the process with status 1. */
export async function run(scenarios) {
  const spec = JSON.parse(process.argv[2]);
  await scenarios[spec.scenario](spec);
  process.exit(0);
}
