/** Sends bytes in pieces and tells after which of them a broker answers or hangs up. */
import { once } from 'node:events';
import { connect } from 'node:net';

/** Longest wait for a sign of a broker that waits for more bytes itself. */
const quietMs = 1_000;
/** Longest wait behind the last piece. */
const lastMs = 6_000;

/**
 * One word for each piece: `silence`, `closed`, or the correlation ids that came back, with
 * `closed` behind them if the connection ended there. What is sent to a closed end has no word.
 */
export async function trickle(
  address: { readonly host: string; readonly port: number },
  pieces: readonly Uint8Array[],
): Promise<string[]> {
  const socket = connect({ ...address, noDelay: true });
  await once(socket, 'connect');
  let received = Buffer.alloc(0);
  let isClosed = false;
  let wake = () => {};
  socket.on('data', (bytes) => {
    received = Buffer.concat([received, bytes]);
    wake();
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    isClosed = true;
    wake();
  });
  const words: string[] = [];
  for (const [index, piece] of pieces.entries()) {
    if (isClosed) break;
    socket.write(piece);
    const isLast = index === pieces.length - 1;
    await sign(isLast ? lastMs : quietMs, (told) => {
      wake = told;
    });
    // An answer may be followed by the end.
    if (!isClosed && received.length > 0) {
      await sign(quietMs, (told) => {
        wake = told;
      });
    }
    const ids = correlationIdsOf(received);
    received = Buffer.alloc(0);
    words.push([...ids, ...(isClosed ? ['closed'] : [])].join(' ') || 'silence');
  }
  socket.destroy();
  return words;
}

/** Resolves when `listen`'s callback is called, or after `timeoutMs`. */
function sign(timeoutMs: number, listen: (told: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, timeoutMs);
    listen(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function correlationIdsOf(bytes: Buffer): string[] {
  const ids: string[] = [];
  for (let at = 0; at + 8 <= bytes.length; at += 4 + bytes.readInt32BE(at)) {
    ids.push(String(bytes.readInt32BE(at + 4)));
  }
  return ids;
}
