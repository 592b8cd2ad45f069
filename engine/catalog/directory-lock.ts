/**
 * The lock on a data directory. It belongs to the kernel, so it dies with its process and a stale
 * one cannot exist. Node has no flock, so:
 *
 * - Linux: an abstract socket named after the directory's device and inode. It is exclusive within
 *   a network namespace. Containers that share a volume have namespaces of their own, so a socket
 *   file in the directory is probed as well: connecting to one whose process is gone is refused.
 * - macOS: a file opened with O_EXLOCK, which is flock; then the same socket file.
 *
 * Both sockets answer whoever connects with the holder's pid. A Kafka broker that runs on the
 * directory is found through the lock that it holds on `.lock`.
 */
import { constants } from 'node:fs';
import {
  type FileHandle,
  open,
  readdir,
  readFile,
  readlink,
  realpath,
  rm,
  stat,
} from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';

const lockFile = '.kopje.lock';
const socketFile = '.kopje.sock';
/** BSD's atomic lock-on-open flag, which Node does not name. */
const O_EXLOCK = 0x20;
/** A holder that is too busy to answer is still a holder. */
const answerTimeoutMs = 1_000;

/** Another process works on the directory. */
export class DirectoryLocked extends Error {
  /** Null where the holder did not say. */
  readonly pid: number | null;
  constructor(directory: string, holder: string, pid: number | null) {
    super(`data directory ${directory} is in use by ${holder}`);
    this.name = 'DirectoryLocked';
    this.pid = pid;
  }
}

export class DirectoryLock {
  readonly #servers: Server[];
  readonly #handles: FileHandle[];

  private constructor(servers: Server[], handles: FileHandle[]) {
    this.#servers = servers;
    this.#handles = handles;
  }

  /** Takes the lock of an existing directory. Throws DirectoryLocked. */
  static async acquire(directory: string): Promise<DirectoryLock> {
    const lock = new DirectoryLock([], []);
    try {
      if (process.platform === 'linux') await lock.#acquireAbstract(directory);
      else await lock.#acquireFile(directory);
      await lock.#acquireSocketFile(directory);
      await refuseKafka(directory);
      return lock;
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  async release(): Promise<void> {
    await Promise.all(this.#servers.map((server) => closeServer(server)));
    await Promise.all(this.#handles.map((handle) => handle.close()));
    this.#servers.length = 0;
    this.#handles.length = 0;
  }

  async #acquireAbstract(directory: string): Promise<void> {
    const { dev, ino } = await stat(directory, { bigint: true });
    const address = `\0kopje-data-directory-${dev}-${ino}`;
    // Twice, because the holder may end between our bind and our question.
    for (let attempt = 0; ; attempt++) {
      const server = await listen(address);
      if (server) {
        this.#servers.push(server);
        return;
      }
      const holder = await askHolder(address);
      if (holder.alive || attempt > 0) throw locked(directory, holder.pid);
    }
  }

  async #acquireFile(directory: string): Promise<void> {
    const path = join(directory, lockFile);
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NONBLOCK | O_EXLOCK;
    let handle: FileHandle;
    try {
      handle = await open(path, flags, 0o644);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code !== 'EAGAIN' && code !== 'EWOULDBLOCK') throw error;
      const text = await readFile(path, 'utf8').catch(() => '');
      throw locked(directory, /^\d+$/.test(text.trim()) ? Number(text) : null);
    }
    this.#handles.push(handle);
    await handle.truncate(0);
    await handle.write(`${process.pid}\n`, 0);
  }

  async #acquireSocketFile(directory: string): Promise<void> {
    const handle = await open(directory, 'r');
    this.#handles.push(handle);
    // Socket addresses end at 104 or 108 bytes; through its descriptor every directory is short.
    const short = process.platform === 'linux' ? `/proc/self/fd/${handle.fd}` : directory;
    const address = join(short, socketFile);
    const holder = await askHolder(address);
    if (holder.alive) throw locked(directory, holder.pid);
    await rm(address, { force: true });
    // Some shared file systems know no sockets; then the first lock has to do.
    const server = await listen(address).catch(() => null);
    if (server) this.#servers.push(server);
  }
}

function locked(directory: string, pid: number | null): DirectoryLocked {
  const holder = pid === null ? 'another process' : `another kopje (pid ${pid})`;
  return new DirectoryLocked(directory, holder, pid);
}

/** Null when the address is taken. */
function listen(address: string): Promise<Server | null> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.end(`${process.pid}\n`);
    });
    server.unref();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(null);
      else reject(error);
    });
    server.listen({ path: address, exclusive: true }, () => resolve(server));
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

function askHolder(address: string): Promise<{ alive: boolean; pid: number | null }> {
  return new Promise((resolve) => {
    const socket = connect({ path: address });
    let text = '';
    let alive = false;
    const finish = () => {
      socket.destroy();
      resolve({ alive, pid: /^\d+\s*$/.test(text) ? Number(text) : null });
    };
    socket.setTimeout(answerTimeoutMs, finish);
    socket.on('connect', () => {
      alive = true;
    });
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
    });
    // EAGAIN: a listener whose backlog is full is alive all the same.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      alive ||= error.code === 'EAGAIN';
      finish();
    });
    socket.on('end', finish);
  });
}

/**
 * A Kafka broker holds a POSIX lock on `.lock`; Linux lists all locks with their inodes and
 * holders.
 */
async function refuseKafka(directory: string): Promise<void> {
  if (process.platform !== 'linux') return;
  const path = join(directory, '.lock');
  const file = await stat(path, { bigint: true }).catch(() => null);
  if (!file) return;
  const locks = await readFile('/proc/locks', 'utf8').catch(() => '');
  for (const line of locks.split('\n')) {
    if (!line.includes(`:${file.ino} `)) continue;
    // `1: POSIX  ADVISORY  WRITE 7300 08:01:4711 0 EOF`
    const pid = Number(line.trim().split(/\s+/)[4]);
    if (await hasOpen(pid, path)) {
      throw new DirectoryLocked(directory, `a Kafka broker (pid ${pid})`, pid);
    }
  }
}

/** Whether a process has a file open: inodes alone are those of one file system among many. */
async function hasOpen(pid: number, path: string): Promise<boolean> {
  const real = await realpath(path);
  try {
    const descriptors = await readdir(`/proc/${pid}/fd`);
    const targets = descriptors.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => ''));
    return (await Promise.all(targets)).includes(real);
  } catch (error) {
    // Another user's process may not be looked into: rather refuse than share.
    return (error as NodeJS.ErrnoException).code === 'EACCES';
  }
}
