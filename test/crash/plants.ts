/** Broken builds: one text of one compiled file replaced, each a defect that the cycles must find. */

export interface Plant {
  readonly name: string;
  /** Compiled, below `dist`. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** Only a power cut brings it to light. */
  readonly needsPowerCut: boolean;
}

export const plants: readonly Plant[] = [
  {
    name: 'acknowledges before the write',
    file: 'workers/log/embedded/segment-writer.js',
    from: 'writeFully(this.#options.disk, segment.fd, views, start);',
    to: `{
      const copies = views.map((view) => Uint8Array.from(view));
      setTimeout(() => writeFully(this.#options.disk, segment.fd, copies, start), 20);
    }`,
    needsPowerCut: false,
  },
  {
    name: 'forgets a commit of offsets now and then',
    file: 'engine/coordinators/group/offsets-partition.js',
    from: 'await partitions.append(this.ref, builder.finish());',
    to: `Math.random() < 0.5 && this.isProven
      ? { errorCode: ErrorCode.NONE }
      : await partitions.append(this.ref, builder.finish());`,
    needsPowerCut: false,
  },
  {
    name: 'appends a repeated batch again',
    file: 'workers/partition/producer-state.js',
    from: 'return ErrorCode.DUPLICATE_SEQUENCE_NUMBER;',
    to: 'return ErrorCode.NONE;',
    needsPowerCut: false,
  },
  {
    name: 'takes any sequence',
    file: 'workers/partition/producer-state.js',
    from: 'return firstSequence === expected ? ErrorCode.NONE : ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER;',
    to: 'return ErrorCode.NONE;',
    needsPowerCut: false,
  },
  {
    name: 'cuts the last batch at a recovery',
    file: 'workers/log/embedded/recovery.js',
    from: 'if (!scan.crcMatches(codecs))',
    to: 'if (!scan.crcMatches(codecs) || scan.position + scan.sizeBytes === segment.sizeBytes)',
    needsPowerCut: false,
  },
  {
    name: 'answers before a topic is stored',
    file: 'engine/catalog/store.js',
    from: 'putTopic(name, row) {',
    to: `putTopic(name, row) {
      setTimeout(() => this.putTopicLate(name, row), 300);
      return Promise.resolve();
    }
    putTopicLate(name, row) {`,
    needsPowerCut: false,
  },
  {
    name: 'hands out producer ids without storing their block',
    file: 'engine/catalog/producer-ids.js',
    from: 'await store.putNextProducerId(end);',
    to: '',
    needsPowerCut: false,
  },
  {
    name: 'acknowledges before the sync',
    file: 'workers/log/embedded/disk.js',
    from: 'fdatasync: (fd, done) => syncer.sync(fd, done),',
    to: `fdatasync: (fd, done) => {
      setImmediate(done, 0);
      setTimeout(() => syncer.sync(fd, () => {}), 100);
    },`,
    needsPowerCut: true,
  },
  {
    name: 'leaves out the sync of directories',
    file: 'workers/log/embedded/disk.js',
    from: 'fsyncSync(fd);',
    to: '',
    needsPowerCut: true,
  },
  {
    name: 'opens LMDB so that it never syncs',
    file: 'engine/catalog/store.js',
    from: 'overlappingSync: false,',
    to: 'overlappingSync: false, noSync: true,',
    needsPowerCut: true,
  },
];
