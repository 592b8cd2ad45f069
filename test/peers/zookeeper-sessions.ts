/**
 * Ends the session of a ZooKeeper client that was killed: removes the nodes that are to live as long as it, which
 * ZooKeeper itself would do only after the session's time.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const deleteOperation = 2;
const anyVersion = -1;
const noNodeError = -101;
const passwordBytes = 16;
const sessionTimeoutMs = 4_000;
const silenceLimitMs = 20_000;

/** Removes every ephemeral node: nobody may be alive who has one. */
export async function removeEphemerals(port: number): Promise<void> {
  const paths = ephemeralPaths(await askWord(port, 'dump'));
  if (paths.length === 0) return;
  const socket = await opened(port);
  try {
    const frames = framesOf(socket);
    const answer = async (request: Buffer) => {
      socket.write(request);
      const { value } = await frames.next();
      if (value === undefined) throw new Error('ZooKeeper closed the connection');
      return value as Buffer;
    };
    await answer(connectRequest());
    for (const [at, path] of paths.entries()) {
      const error = (await answer(deleteRequest(at + 1, path))).readInt32BE(12);
      if (error !== 0 && error !== noNodeError) throw new Error(`ZooKeeper: ${path}: ${error}`);
    }
  } finally {
    socket.destroy();
  }
}

/** The answer to one of the four-letter words. */
export async function askWord(port: number, word: string): Promise<string> {
  const socket = await opened(port);
  socket.write(word);
  const parts: Buffer[] = [];
  socket.on('data', (bytes) => parts.push(bytes));
  await once(socket, 'close');
  return Buffer.concat(parts).toString();
}

/** In what `dump` says, a line each. */
function ephemeralPaths(dump: string): string[] {
  return [...dump.matchAll(/^\t(\/.*)$/gm)].map(([, path = '']) => path);
}

async function opened(port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port });
  socket.setTimeout(silenceLimitMs, () => socket.destroy(new Error('ZooKeeper says nothing')));
  await once(socket, 'connect');
  return socket;
}

/** What the server sends, without the lengths. */
async function* framesOf(socket: Socket): AsyncGenerator<Buffer> {
  let kept = Buffer.alloc(0);
  for await (const bytes of socket) {
    kept = Buffer.concat([kept, bytes as Buffer]);
    while (kept.length >= 4 && kept.length >= 4 + kept.readInt32BE(0)) {
      const end = 4 + kept.readInt32BE(0);
      yield kept.subarray(4, end);
      kept = kept.subarray(end);
    }
  }
}

/** Protocol version, last transaction seen, session timeout, session, password. */
function connectRequest(): Buffer {
  const body = Buffer.alloc(4 + 8 + 4 + 8 + 4 + passwordBytes);
  body.writeInt32BE(sessionTimeoutMs, 12);
  body.writeInt32BE(passwordBytes, 24);
  return framed(body);
}

function deleteRequest(number: number, path: string): Buffer {
  const text = Buffer.from(path);
  const body = Buffer.alloc(4 + 4 + 4 + text.length + 4);
  body.writeInt32BE(number, 0);
  body.writeInt32BE(deleteOperation, 4);
  body.writeInt32BE(text.length, 8);
  text.copy(body, 12);
  body.writeInt32BE(anyVersion, 12 + text.length);
  return framed(body);
}

function framed(body: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length);
  return Buffer.concat([length, body]);
}
