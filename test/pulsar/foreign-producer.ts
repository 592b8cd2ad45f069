import { on, once } from 'node:events';
import { connect } from 'node:net';
import type { Test } from 'tap';
import { decodeCommand, protocolVersion } from '../../engine/protocol/pulsar/commands.js';
import { commandFrame } from '../../engine/protocol/pulsar/frames.js';
import { parseServiceUrl } from '../../workers/log/pulsar/service-url.js';
import { serviceUrl } from './peer.js';

/**
 * A producer of a client that is not Kopje's, on a topic that is loaded; it stays until the test ends. Returns its
 * name.
 */
export async function foreignProducer(t: Test, topic: string): Promise<string> {
  const [address] = parseServiceUrl(serviceUrl);
  const socket = connect(address?.port ?? 0, address?.host);
  t.teardown(() => socket.destroy());
  await once(socket, 'connect');
  socket.write(commandFrame('connect', { clientVersion: 'theirs', protocolVersion }));
  let unread = Buffer.alloc(0);
  // Not the socket itself: leaving the loop would end it.
  for await (const [bytes] of on(socket, 'data') as AsyncIterable<[Buffer]>) {
    unread = Buffer.concat([unread, bytes]);
    while (unread.length >= 4 && unread.length >= 4 + unread.readUInt32BE(0)) {
      const end = 4 + unread.readUInt32BE(0);
      const command = decodeCommand(unread.subarray(8, 8 + unread.readUInt32BE(4)));
      unread = unread.subarray(end);
      if (command?.name === 'connected') {
        socket.write(commandFrame('producer', { topic, producerId: 1, requestId: 1 }));
      } else if (command?.name === 'producerSuccess') return command.fields.producerName;
      else if (command?.name === 'error') throw new Error(command.fields.message);
    }
  }
  throw new Error('the broker closed the connection');
}
