import t from 'tap';
import { MemoryDisk } from '../../../../workers/log/embedded/memory-disk.js';

const read = (disk: MemoryDisk, fd: number): number[] => {
  const view = new Uint8Array(64);
  return [...view.subarray(0, disk.read(fd, view, 0, view.length, 0))];
};

t.test('what a file lost is zero when it grows again', async (t) => {
  const disk = new MemoryDisk();
  disk.mkdir('/d');
  const fd = disk.open('/d/f', 'create');
  disk.writev(fd, [Uint8Array.of(1, 2), Uint8Array.of(3, 4)], 0);
  disk.truncate(fd, 1);
  disk.writev(fd, [Uint8Array.of(9)], 3);
  t.strictSame(read(disk, fd), [1, 0, 0, 9]);
  const again = disk.open('/d/f', 'create');
  disk.writev(again, [Uint8Array.of(7)], 2);
  t.strictSame(read(disk, fd), [0, 0, 7], 'both descriptors see the emptied file');
});

t.test('directories are renamed and removed with what is in them', async (t) => {
  const disk = new MemoryDisk();
  disk.mkdir('/d/t-1');
  disk.mkdir('/d/t-10');
  disk.close(disk.open('/d/t-1/a', 'create'));
  disk.close(disk.open('/d/t-10/b', 'create'));
  disk.rename('/d/t-1', '/d/aside');
  t.strictSame(disk.readdir('/d/aside'), ['a']);
  t.strictSame(disk.readdir('/d/t-10'), ['b'], 'a name that begins alike is another one');
  disk.removeDirectory('/d/aside');
  t.throws(() => disk.readdir('/d/aside'), { code: 'ENOENT' });
  t.throws(() => disk.open('/d/aside/a', 'read'), { code: 'ENOENT' });
  t.throws(() => disk.open('/d/nowhere/a', 'create'), { code: 'ENOENT' });
  t.equal(disk.openFiles, 0);
});
