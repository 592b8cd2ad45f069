import { metadataExchange, produceExchange } from '../../exchanges.js';
import { frameOf } from '../../raw-client.js';
import { buildBatch } from '../../workers/batch/build-batch.js';
import type { Scenario } from '../scenario.js';
import { makeTopic, produceOf } from '../topic.js';

const apiVersionsKey = 18;
const findCoordinatorKey = 10;

/** A frame of a request header, as bytes or numbers, and a body. */
function frame(apiKey: number, version: number, correlationId: number, rest: number[]): Buffer {
  const bytes = Buffer.alloc(12 + rest.length);
  bytes.writeInt32BE(8 + rest.length, 0);
  bytes.writeInt16BE(apiKey, 4);
  bytes.writeInt16BE(version, 6);
  bytes.writeInt32BE(correlationId, 8);
  bytes.set(rest, 12);
  return bytes;
}

const nullId = [0xff, 0xff];
/** ListConfigResources v0 has no fields but tagged ones, and little to answer. */
const plainKey = 74;

const forms: Scenario = {
  name: 'headers/forms',
  async run(peer) {
    const ask = (name: string, rest: number[], correlationId = 9) =>
      peer.raw(name, frame(plainKey, 0, correlationId, rest));
    await ask('null client id', [...nullId, 0, 0]);
    await ask('empty client id', [0, 0, 0, 0]);
    await ask('client id', [0, 1, 0x61, 0, 0]);
    await ask('client id of bytes that are no text', [0, 2, 0xff, 0xfe, 0, 0]);
    await ask('client id of length -2', [0xff, 0xfe, 0, 0]);
    await ask('correlation id -1', [...nullId, 0, 0], -1);
    await ask('tagged field in the header', [...nullId, 1, 9, 2, 7, 7, 0]);
    await ask('tagged field in the body', [...nullId, 0, 1, 9, 2, 7, 7]);
    await ask('tagged field cut short', [...nullId, 0, 1, 9, 5, 7, 7]);
    await ask('no tagged fields', [...nullId, 0]);
    await ask('no tagged fields anywhere', nullId);
    await ask('no client id', []);
    await ask('varint without end', [...nullId, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80]);
    const api = (name: string, version: number, rest: number[]) =>
      peer.raw(name, frame(apiVersionsKey, version, 9, rest));
    await api('ApiVersions v3 without a body', 3, [...nullId, 0]);
    await api('ApiVersions v3 cut short', 3, [...nullId, 0, 0x09, 0x61]);
    await peer.raw('FindCoordinator v0 without a key', frame(findCoordinatorKey, 0, 9, nullId));
    await peer.raw('Fetch v4 of zeros', frame(1, 4, 9, [...nullId, 0, 0, 0, 0, 0, 0]));
    await peer.raw('Produce v3 cut short', frame(0, 3, 9, [...nullId, 0xff, 0xff, 0, 1]));
  },
};

const pipelines: Scenario = {
  name: 'headers/pipelines',
  async run(peer) {
    const topic = await makeTopic(peer, 'pipelines');
    const produce = (acks: number) =>
      frameOf(produceExchange, produceOf(topic, [{ records: buildBatch() }], acks), 9, acks);
    const third = frame(plainKey, 0, 5, [...nullId, 0, 0]);
    const frames = [produce(1), produce(0), third.subarray(0, 9)];
    await peer.raw('first of three', Buffer.concat(frames));
    await peer.raw('the rest of the third', third.subarray(9));
    await peer.ask('then', metadataExchange, { topics: [{ name: topic.name }] });
  },
};

const internal: Scenario = {
  name: 'metadata/internal topics',
  async run(peer) {
    const topics = [{ name: '__consumer_offsets' }];
    const offsets = await peer.probe(metadataExchange, { topics }, 12);
    const found = { name: '__consumer_offsets', topicId: offsets.topics[0]?.topicId ?? '' };
    peer.note('offsets topic', { topicId: found.topicId });
    await peer.ask('metadata', metadataExchange, { topics });
    for (const version of peer.versions(produceExchange)) {
      const request = produceOf(found, [{ records: buildBatch() }]);
      await peer.ask('produce', produceExchange, request, version);
    }
  },
};

export const headerScenarios = [forms, pipelines, internal];
