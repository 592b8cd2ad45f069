/** A bug planted into a compiled module: one text in it becomes another. */
export interface Plant {
  readonly name: string;
  /** Below the folder of the compiled tree. */
  readonly file: string;
  /** Stands there once. */
  readonly text: string;
  readonly by: string;
  /** Of the default seeds, where to begin; 1 if it is left out. */
  readonly firstSeed?: number;
}

const embedded = 'workers/log/embedded';

/** What the simulation has to catch: each is a way to lose, repeat or hide a record. */
export const plants: readonly Plant[] = [
  {
    name: 'acknowledge before the sync',
    file: 'workers/partition/partition.js',
    text: 'if (isAwaited && request.lastOffset >= this.highWatermark)',
    by: 'if (false)',
  },
  {
    name: 'watermark before the sync',
    file: 'workers/partition/partition.js',
    text: 'line.highWatermark = isStable ? log.stableEndOffset : log.logEndOffset;',
    by: 'line.highWatermark = log.logEndOffset;',
  },
  {
    name: 'lost wake: the table tells nobody',
    file: 'workers/ring/table.js',
    text: 'Atomics.or(this.#wakeBits, line >>> 5, 1 << (line & 31));',
    by: '',
  },
  {
    name: 'lost wake: no second look after parking',
    firstSeed: 9,
    file: 'engine/wait/waiting-fetches.js',
    text: 'if (fetch.satisfied(null))',
    by: 'if (false)',
  },
  {
    name: 'sequence check off',
    file: 'workers/partition/producer-state.js',
    text: 'return firstSequence === expected ? ErrorCode.NONE : ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER;',
    by: 'return ErrorCode.NONE;',
  },
  {
    name: 'dedupe window one short',
    file: 'workers/partition/producer-entry.js',
    text: 'back < this.depth;',
    by: 'back < this.depth - 1;',
  },
  {
    name: 'a failed run is remembered by its producer',
    file: 'workers/partition/appender.js',
    text: 'this.#producers.undoRun();',
    by: 'this.#producers.keepRun();',
  },
  {
    name: 'no sync of the active segment',
    file: `${embedded}/flusher.js`,
    text: 'const segments = [...rolled, active];',
    by: 'const segments = rolled.length > 0 ? rolled : [active];',
  },
  {
    name: 'no sync of rolled segments',
    file: `${embedded}/flusher.js`,
    text: 'const segments = [...rolled, active];',
    by: 'const segments = [active];',
  },
  {
    name: 'no sync of the directory after a roll',
    file: `${embedded}/flusher.js`,
    text: 'this.#disk.syncDirectory(this.#dir);',
    by: '',
  },
  {
    name: 'no sync of the directory that holds the partition',
    firstSeed: 9,
    file: `${embedded}/open.js`,
    text: 'disk.syncDirectory(dirname(dir));',
    by: 'void dir;',
  },
  {
    name: 'no sync of a checkpoint',
    file: 'engine/catalog/durable-file.js',
    text: 'await handle.writeFile(text);\n        await handle.sync();',
    by: 'await handle.writeFile(text);',
  },
  {
    name: 'no sync of the directory behind a checkpoint',
    file: 'engine/catalog/durable-file.js',
    text: 'await files.rename(aside, path);\n    await syncDirectory(dirname(path), files);',
    by: 'await files.rename(aside, path);',
  },
  {
    name: 'no sync of the leader epochs',
    file: `${embedded}/small-file.js`,
    text: 'disk.rename(aside, path);\n    disk.syncDirectory(dirname(path));',
    by: 'disk.rename(aside, path);',
  },
  {
    name: 'no sync of a snapshot that alone knows a producer',
    file: `${embedded}/snapshot-files.js`,
    text: 'this.#sync(offset);',
    by: '',
  },
  {
    name: 'no sync after a recovery',
    file: `${embedded}/recovery.js`,
    text: 'this.#options.disk.fdatasyncNow(segment.fd);',
    by: '',
  },
  {
    name: 'what a sync that nobody heard of failed for is believed',
    file: `${embedded}/recovery.js`,
    text: 'rewrite(disk, segment, from);',
    by: '',
  },
  {
    name: 'a recovery point noted beyond what is synced',
    firstSeed: 101,
    file: `${embedded}/embedded-log.js`,
    text: 'this.#note.store(this.stableEndOffset, false);',
    by: 'this.#note.store(this.logEndOffset, false);',
  },
  {
    name: 'hole skipped: a reader in one goes on behind all that follows',
    file: `${embedded}/reader.js`,
    text: 'if (scan.lastOffset >= offset)',
    by: 'if (scan.lastOffset >= offset && scan.baseOffset <= offset)',
  },
  {
    name: 'torn tail not cut',
    firstSeed: 11,
    file: `${embedded}/recovery.js`,
    text: 'disk.truncate(segment.fd, position);',
    by: '',
  },
  {
    name: 'CRC unchecked at recovery',
    firstSeed: 45,
    file: `${embedded}/recovery.js`,
    text: 'if (!scan.crcMatches(codecs))',
    by: 'if (false)',
  },
  {
    name: 'the lost end of a rolled segment passed over',
    firstSeed: 12,
    file: `${embedded}/recovery.js`,
    text: 'else if (this.#lacksItsEnd(index))',
    by: 'else if (false)',
  },
  {
    name: 'retention deletes what is new',
    file: `${embedded}/retention.js`,
    text: 'nowMs - segment.largestTimestamp() > limitMs',
    by: 'true',
  },
  {
    name: 'compaction keeps the first record of a key',
    file: `${embedded}/batch-filter.js`,
    text: 'return offset >= this.#keys.get(',
    by: 'return offset <= this.#keys.get(',
  },
  {
    name: 'a full disk leaves what it refused',
    firstSeed: 14,
    file: `${embedded}/segment.js`,
    text: 'this.disk.truncate(this.fd, mark.sizeBytes);',
    by: '',
  },
  {
    name: 'an epoch used again',
    file: `${embedded}/embedded-log.js`,
    text: 'this.leaderEpoch = this.#epochs.highest + 1;',
    by: 'this.leaderEpoch = Math.max(0, this.#epochs.highest);',
  },
  {
    name: 'a read beyond the high watermark',
    file: 'workers/partition/partition.js',
    text: 'log.read(offset, limit,',
    by: 'log.read(offset, log.logEndOffset,',
  },
  {
    name: 'torn index: an offset index further than its time index',
    firstSeed: 85,
    file: `${embedded}/segment.js`,
    text: 'this.#times.write(this.#offsets.isUnwritten);',
    by: 'this.#times.write(false);',
  },
  {
    name: 'stale completion: a token is given again before its answer',
    file: 'workers/ring/channel.js',
    text: 'token = this.#freeTokens[--this.#freeCount];',
    by: 'token = this.#freeTokens[this.#freeCount - 1];',
  },
  {
    name: 'stale completion: the token of the slot before',
    file: 'workers/ring/worker-end.js',
    text: 'words[word + Complete.token] = token;',
    by: 'words[word + Complete.token] ||= token;',
  },
  {
    name: 'entries of another format go into the segment that there is',
    firstSeed: 2_001,
    file: `${embedded}/roll.js`,
    text: 'segment.suffix !== suffix',
    by: 'false',
  },
];
