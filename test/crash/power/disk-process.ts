/**
 * Serves one directory from memory, until its standard input ends. Arguments: the directory and a seed. Each time it is
 * unmounted the power is cut, and it is mounted again as the cut left it; `mounted` on standard output tells when.
 * A process of its own: whoever uses the directory must not be the one who serves it.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { Random } from '../random.js';
import { FuseDisk, maxWriteBytes } from './fuse-disk.js';

/** A write with its headers. */
const requestBytes = maxWriteBytes + 4096;

const [, , directory = '', seed = '0'] = process.argv;
const disk = new FuseDisk();
const random = new Random(Number(seed));
const buffer = Buffer.alloc(requestBytes);

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
function serve(fd: number): void {
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

for (;;) {
  const fd = mount();
  writeSync(1, 'mounted\n');
  serve(fd);
  closeSync(fd);
  disk.cutPower(random);
}
