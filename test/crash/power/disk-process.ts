/**
 * Serves one directory from memory, until its standard input ends. Arguments: the directory and a seed. Each time it is
 * unmounted the power is cut, and it is mounted again as the cut left it; `mounted` on standard output tells when.
 * A process of its own: whoever uses the directory must not be the one who serves it.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { Random } from '../random.js';
import { FuseDisk, maxWriteBytes } from './fuse-disk.js';

/** A write with its headers. */
const requestBytes = maxWriteBytes + 4096;

const [, , directory = '', seed = '0'] = process.argv;

function mount(): number {
  const fd = openSync('/dev/fuse', 'r+');
  const options = 'fd=3,rootmode=40000,user_id=0,group_id=0,allow_other,default_permissions';
  const words = ['-i', '-t', 'fuse', '-o', options, 'kopje-power', directory];
  const { status, stderr } = spawnSync('mount', words, {
    stdio: ['ignore', 'ignore', 'pipe', fd],
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`mount ${directory}: ${stderr}`);
  return fd;
}

/** Answers until the directory is unmounted. */
function serve(fd: number, disk: FuseDisk, buffer: Buffer): void {
  for (;;) {
    let sizeBytes: number;
    try {
      sizeBytes = readSync(fd, buffer, 0, buffer.length, null);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENODEV') return;
      // The request was taken back before it could be read.
      if (code === 'ENOENT' || code === 'EINTR' || code === 'EAGAIN') continue;
      throw error;
    }
    const reply = disk.answer(buffer.subarray(0, sizeBytes));
    if (reply === null) continue;
    try {
      writeSync(fd, reply);
    } catch (error) {
      // Whoever asked is gone.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}

/** The thread that serves waits in the kernel, so that another one has to see the end. */
function awaitEnd(isEnding: Int32Array): void {
  const input = Buffer.alloc(1);
  while (readSync(0, input) > 0);
  Atomics.store(isEnding, 0, 1);
  spawnSync('umount', ['-i', '-l', directory]);
  process.kill(process.pid, 'SIGKILL');
}

function serveUntilEnd(): void {
  const isEnding = new Int32Array(new SharedArrayBuffer(4));
  new Worker(new URL(import.meta.url), { argv: process.argv.slice(2), workerData: isEnding });
  const disk = new FuseDisk();
  const random = new Random(Number(seed));
  const buffer = Buffer.alloc(requestBytes);
  while (Atomics.load(isEnding, 0) === 0) {
    const fd = mount();
    writeSync(1, 'mounted\n');
    serve(fd, disk, buffer);
    closeSync(fd);
    disk.cutPower(random);
  }
}

if (isMainThread) serveUntilEnd();
else awaitEnd(workerData as Int32Array);
