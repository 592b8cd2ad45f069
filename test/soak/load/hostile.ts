/** Peers that no broker wants: rubbish, halves of requests, damaged batches, and one that never reads. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { packBatch } from '../../crash/load/batches.js';
import { fetchExchange } from '../../exchanges.js';
import { frameOf } from '../../raw-client.js';
import { produce } from '../../whole/records.js';
import type { Stage } from './stage.js';

const repliesUnread = 30;

function rubbish(): Buffer[] {
  const endless = Buffer.alloc(64);
  endless.writeInt32BE(2 ** 31 - 1);
  const negative = Buffer.alloc(12);
  negative.writeInt32BE(-5);
  const unknownApi = Buffer.alloc(14);
  unknownApi.writeInt32BE(10);
  unknownApi.writeInt16BE(999, 4);
  return [Buffer.from('GET / HTTP/1.1\r\n\r\n'), endless, negative, unknownApi];
}

async function dial(stage: Stage): Promise<Socket> {
  const socket = connect(stage.port, '127.0.0.1').on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** Each is closed by the broker. */
export async function sendRubbish(stage: Stage): Promise<void> {
  while (stage.active) {
    for (const bytes of rubbish()) {
      const socket = await dial(stage);
      const closed = new Promise((resolve) => socket.once('close', resolve));
      socket.resume().write(bytes);
      await closed;
      stage.count('hostile peers');
    }
    await stage.pause(200);
  }
}

/** Announces a large request, sends half of it and goes: at once, or when it has had enough. */
export async function sendHalves(stage: Stage): Promise<void> {
  for (let round = 0; stage.active; round++) {
    const socket = await dial(stage);
    const half = Buffer.alloc(300_000);
    half.writeInt32BE(2 * half.length);
    half.writeInt16BE(3, 6);
    socket.write(half);
    await stage.pause(round % 3 === 0 ? 1_000 : 20);
    socket.destroy();
    stage.count('hostile peers');
  }
}

/** Batches whose CRC is wrong are refused, on a connection that stays. */
export async function sendDamage(stage: Stage): Promise<void> {
  const client = await stage.connect();
  while (stage.active) {
    const batch = packBatch(['damaged on the way'], {}, 0);
    batch[70] = (batch[70] ?? 0) ^ 1;
    const { errorCode } = await produce(client, 'short', 0, batch);
    if (errorCode === 0) throw new Error('a damaged batch was taken');
    stage.count('hostile peers');
    await stage.pause(50);
  }
}

/** Asks for much and reads nothing. */
export async function readNothing(stage: Stage): Promise<void> {
  const partitions = [0, 1, 2, 3].map((partition) => ({
    partition,
    fetchOffset: 0,
    partitionMaxBytes: 1_000_000,
    currentLeaderEpoch: -1,
    lastFetchedEpoch: -1,
    logStartOffset: -1,
  }));
  const request = {
    replicaId: -1,
    maxWaitMs: 0,
    minBytes: 1,
    maxBytes: 10_000_000,
    sessionEpoch: -1,
    topics: [{ topic: 'compacted', partitions }],
  };
  while (stage.active) {
    const socket = await dial(stage);
    for (let id = 0; id < repliesUnread; id++)
      socket.write(frameOf(fetchExchange, request, 12, id));
    await stage.pause(1_500);
    socket.destroy();
    stage.count('hostile peers');
  }
}
