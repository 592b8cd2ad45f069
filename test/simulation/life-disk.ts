import type { Files } from '../../engine/catalog/durable-file.js';
import type { Disk, OpenMode } from '../../workers/log/embedded/disk.js';
import { Death, type Life } from './schedule.js';
import { diskError, type SimDisk } from './sim-disk.js';
import type { SimFile } from './sim-file.js';
import type { World } from './world.js';

const eio = 5;

interface OpenFile {
  readonly file: SimFile;
  readonly path: string;
}

/** The simulated disk as one thread or process sees it: with its open files, until it dies. */
export class LifeDisk implements Disk {
  readonly maxOpenSegments: number;
  readonly #world: World;
  readonly #life: Life;
  readonly #disk: SimDisk;
  /** By descriptor, of which the lowest that is free is given, as POSIX says. */
  readonly #open: (OpenFile | null)[] = [];

  constructor(world: World, life: Life) {
    this.#world = world;
    this.#life = life;
    this.#disk = world.disk;
    this.maxOpenSegments = world.maxOpenSegments;
  }

  open(path: string, mode: OpenMode): number {
    const act = () => {
      const isNew = mode === 'create';
      const file = isNew
        ? this.#disk.create(path, this.#world.schedule.wallMs())
        : this.#disk.file(path);
      if (isNew) this.#resize(file, 0);
      return file;
    };
    const file = this.#do('open', path, act);
    const free = this.#open.indexOf(null);
    const fd = free === -1 ? this.#open.length : free;
    this.#open[fd] = { file, path };
    return fd;
  }

  close(fd: number): void {
    if (!this.#open[fd] && !this.#life.isDead) throw diskError('EBADF', `${fd}`);
    this.#open[fd] = null;
  }

  sizeBytes(fd: number): number {
    return this.#at(fd).file.sizeBytes;
  }

  modifiedMs(fd: number): number {
    return this.#at(fd).file.modifiedMs;
  }

  inode(): number {
    return -1;
  }

  isSendable(): boolean {
    return false;
  }

  read(fd: number, view: Uint8Array, start: number, sizeBytes: number, position: number): number {
    const { file, path } = this.#at(fd);
    return this.#do('read', path, () => {
      const bytes = file.view.subarray(position, position + sizeBytes);
      view.set(bytes, start);
      return bytes.length;
    });
  }

  writev(fd: number, views: Uint8Array[], position: number): number {
    const { file, path } = this.#at(fd);
    const all = views.length === 1 ? views[0]! : Buffer.concat(views);
    const write = (sizeBytes: number) => {
      const grown = Math.max(0, position + sizeBytes - file.sizeBytes);
      this.#disk.freeBytes -= grown;
      file.write(position, all.subarray(0, sizeBytes));
      file.modifiedMs = this.#world.schedule.wallMs();
      return sizeBytes;
    };
    // A thread that dies in a write leaves a part of it.
    const torn = () => write(this.#world.random.below(all.length + 1));
    return this.#do(
      'writev',
      path,
      () => {
        const room = Math.max(0, file.sizeBytes - position) + this.#disk.freeBytes;
        const most = Math.min(all.length, room, this.#world.faults.maxWriteBytes);
        if (most <= 0 && all.length > 0) throw diskError('ENOSPC', path);
        return write(most);
      },
      torn,
    );
  }

  truncate(fd: number, sizeBytes: number): void {
    const { file, path } = this.#at(fd);
    this.#do('truncate', path, () => this.#resize(file, sizeBytes));
  }

  /** The disk takes its time, and so does the news of it; neither keeps the order of the calls. */
  fdatasync(fd: number, done: (errno: number) => void): void {
    const { file, path } = this.#at(fd);
    const { schedule, random, faults } = this.#world;
    this.#mustLive();
    const settle = file.beginSync();
    schedule.after(random.next() * random.pick([0.5, 5, faults.slowMs]), null, () => {
      const fails = faults.hits('fdatasync', path);
      if (fails) file.failSync();
      else settle();
      schedule.after(random.next() * random.pick([0.1, 5]), null, () => {
        if (!this.#life.isDead) done(fails ? eio : 0);
        else if (fails) this.#world.trace(`nobody hears that ${path} was not synced`);
      });
    });
  }

  fdatasyncNow(fd: number): void {
    const { file, path } = this.#at(fd);
    try {
      this.#do('fdatasync', path, () => file.beginSync()());
    } catch (error) {
      if (!(error instanceof Death)) file.failSync();
      throw error;
    }
  }

  rename(from: string, to: string): void {
    this.#do('rename', from, () => this.#disk.rename(from, to));
  }

  unlink(path: string): void {
    this.#do('unlink', path, () => this.#disk.unlink(path));
  }

  mkdir(path: string): boolean {
    return this.#do('mkdir', path, () => this.#disk.mkdir(path));
  }

  readdir(path: string): string[] {
    return this.#do('readdir', path, () => this.#disk.readdir(path));
  }

  syncDirectory(path: string): void {
    this.#do('syncDirectory', path, () => this.#disk.syncDirectory(path));
  }

  /** The same for the main thread's own small files. */
  files(): Files {
    const { schedule } = this.#world;
    const pause = () => schedule.pause(this.#life);
    return {
      open: async (path, flags) => {
        await pause();
        if (flags === 'r') return this.#directory(path, pause);
        const fd = this.open(path, 'create');
        return {
          writeFile: async (text) => {
            await pause();
            const bytes = new TextEncoder().encode(text);
            for (let at = 0; at < bytes.length; ) at += this.writev(fd, [bytes.subarray(at)], at);
          },
          sync: async () => {
            await pause();
            this.fdatasyncNow(fd);
          },
          close: async () => this.close(fd),
        };
      },
      readFile: async (path) => new TextDecoder().decode(this.#disk.file(path).view),
      rename: async (from, to) => {
        await pause();
        this.rename(from, to);
      },
      rm: async (path) => {
        await pause();
        this.unlink(path);
      },
    };
  }

  #directory(path: string, pause: () => Promise<void>) {
    return {
      writeFile: async () => {},
      sync: async () => {
        await pause();
        this.syncDirectory(path);
      },
      close: async () => {},
    };
  }

  /** One operation: it may fail, and the thread may die before it, after it, or halfway. */
  #do<T>(operation: string, path: string, act: () => T, half: () => unknown = act): T {
    this.#mustLive();
    const { faults, fuse, random } = this.#world;
    if (fuse.burns(this.#life)) {
      if (random.chance(0.5)) half();
      fuse.blow();
      throw new Death(`died in ${operation}`);
    }
    if (faults.hits(operation, path)) throw diskError('EIO', path);
    return act();
  }

  #mustLive(): void {
    if (this.#life.isDead) throw new Death('dead');
  }

  #at(fd: number): OpenFile {
    this.#mustLive();
    const open = this.#open[fd];
    if (!open) throw diskError('EBADF', `${fd}`);
    return open;
  }

  #resize(file: SimFile, sizeBytes: number): void {
    this.#disk.freeBytes += Math.max(0, file.sizeBytes - sizeBytes);
    file.truncate(sizeBytes);
  }
}
