/**
 * What a Kafka node's copy of the cluster metadata (KIP-500, KIP-630) says of topics: which there
 * are, their configs, and which producer ids were handed out. Read once, when its directory is
 * adopted; nothing is written to it.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32c } from '../protocol/kafka/crc32c.js';
import { Reader } from '../protocol/kafka/reader.js';
import {
  BATCH_FIELD,
  BATCH_HEADER_BYTES,
  baseOffset,
  batchCrc,
  batchSizeBytes,
  isControl,
  lastOffset,
  MAGIC_V2,
  magic,
} from '../protocol/kafka/record-batch.js';
import { RecordCursor } from '../protocol/kafka/record-cursor.js';

export interface KafkaMetadata {
  /** Topic id by name. */
  readonly topicIds: Map<string, string>;
  /** Configs by topic name. */
  readonly configs: Map<string, Map<string, string>>;
  /** Of brokers, by name: `''` are the cluster's. Nothing of ours obeys them. */
  readonly brokerConfigs: Map<string, string>;
  /** First producer id that Kafka did not hand out. */
  nextProducerId: number;
}

/** Kinds of metadata records that matter here. */
const RecordKind = { topic: 2, config: 4, removeTopic: 9, producerIds: 15 } as const;
const topicResource = 2;
const brokerResource = 4;
/** Version of the frame around each metadata record. */
const frameVersion = 1;

/**
 * Reads the newest snapshot and what the log has after it. Throws where the directory or its bytes
 * are no such log.
 */
export async function readKafkaMetadata(directory: string): Promise<KafkaMetadata> {
  const names = (await readdir(directory)).sort();
  const snapshot = names.findLast((name) => /^\d{20}-\d{10}\.checkpoint$/.test(name));
  const replay = new Replay();
  if (snapshot !== undefined) {
    replay.file(await readFile(join(directory, snapshot)), 0);
    // A snapshot is named after the end of what it holds.
    replay.endOffset = Number(snapshot.slice(0, 20));
  }
  for (const name of names.filter((file) => /^\d{20}\.log$/.test(file))) {
    replay.file(await readFile(join(directory, name)), replay.endOffset);
  }
  if (replay.endOffset === 0) throw new Error(`${directory} holds no records`);
  return replay.metadata;
}

class Replay {
  readonly metadata: KafkaMetadata = {
    topicIds: new Map(),
    configs: new Map(),
    brokerConfigs: new Map(),
    nextProducerId: 0,
  };
  /** Records below are known already. */
  endOffset = 0;
  readonly #cursor = new RecordCursor();

  /** Applies the records of a file from `startOffset` on. What is torn at its end never counted. */
  file(view: Uint8Array, startOffset: number): void {
    let at = 0;
    while (at + BATCH_HEADER_BYTES <= view.length) {
      const end = at + batchSizeBytes(view, at);
      if (end > view.length || end < at + BATCH_HEADER_BYTES || magic(view, at) !== MAGIC_V2)
        return;
      if (batchCrc(view, at) !== crc32c(view, at + BATCH_FIELD.attributes, end)) return;
      if (!isControl(view, at)) this.#batch(view, at, startOffset);
      this.endOffset = Math.max(this.endOffset, lastOffset(view, at) + 1);
      at = end;
    }
  }

  #batch(view: Uint8Array, start: number, startOffset: number): void {
    const cursor = this.#cursor.openBatch(view, start);
    const base = baseOffset(view, start);
    while (cursor.next()) {
      if (base + cursor.offsetDelta < startOffset || cursor.valueStart < 0) continue;
      this.#record(new Reader(view, cursor.valueStart, cursor.valueEnd));
    }
  }

  #record(reader: Reader): void {
    const version = reader.uvarint();
    if (version !== frameVersion) throw new Error(`metadata frame of version ${version}`);
    const kind = reader.uvarint();
    reader.uvarint(); // the record's version: fields that are read here are in all of them
    if (kind === RecordKind.topic) this.#topic(reader);
    else if (kind === RecordKind.removeTopic) this.#removeTopic(reader.uuid());
    else if (kind === RecordKind.config) this.#config(reader);
    else if (kind === RecordKind.producerIds) {
      reader.int32();
      reader.int64();
      this.metadata.nextProducerId = reader.int64();
    }
  }

  #topic(reader: Reader): void {
    const name = reader.string(true);
    this.metadata.topicIds.set(name, reader.uuid());
  }

  #removeTopic(topicId: string): void {
    const { topicIds, configs } = this.metadata;
    for (const [name, id] of topicIds) {
      if (id !== topicId) continue;
      topicIds.delete(name);
      configs.delete(name);
    }
  }

  #config(reader: Reader): void {
    const resourceType = reader.int8();
    const resource = reader.string(true);
    const name = reader.string(true);
    const value = reader.nullableString(true);
    if (resourceType === brokerResource) {
      const key = resource === '' ? name : `${name} of broker ${resource}`;
      change(this.metadata.brokerConfigs, key, value);
    } else if (resourceType === topicResource) {
      const { configs } = this.metadata;
      const own = configs.get(resource) ?? new Map<string, string>();
      change(own, name, value);
      configs.set(resource, own);
    }
  }
}

function change(configs: Map<string, string>, name: string, value: string | null): void {
  if (value === null) configs.delete(name);
  else configs.set(name, value);
}
