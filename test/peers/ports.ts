/** Ports for programs that bind them seconds after they were told. */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below those that systems give to connections and to whoever asks for port 0. */
const range = { least: 15_000, end: 32_000 };
const attempts = 50;
/** Told already, and perhaps not yet bound. */
const told = new Set<number>();

/** A port of 127.0.0.1 that nobody listens on, and that no connection gets by chance. */
export async function reservablePort(): Promise<number> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const port = randomInt(range.least, range.end);
    if (told.has(port) || !(await isFree(port))) continue;
    told.add(port);
    return port;
  }
  throw new Error(`no free port found between ${range.least} and ${range.end}`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  const closed = once(server, 'close');
  server.close();
  await closed;
  return true;
}
