import { constants } from 'node:fs';
import { open, rm } from 'node:fs/promises';

/**
 * Where the meta pages of an LMDB file keep what is looked at here, in bytes from the page's start
 * (liblmdb's MDB_meta behind its 24-byte page header; lmdb 3.5, little-endian).
 */
const field = { magic: 24, version: 28, pageBytes: 48, lastPage: 144, txnId: 152, end: 160 };
const magic = 0xbeefc0de;
const version = 2;
const maxPageBytes = 65_536;
/** More than LMDB's lock file for its 126 readers, and than an empty database has. */
const lockBytes = 16_384;
const emptyBytes = 65_536;

/**
 * Throws for a file that is no LMDB database, or not all of one: LMDB maps it unseen, and reading
 * beyond its end or through a wild page number kills the process. A missing or empty file is fine.
 */
export async function checkLmdbFile(path: string): Promise<void> {
  const found = await readHead(path);
  if (found === null || found.sizeBytes === 0) return;
  const { head, sizeBytes } = found;
  const pageBytes = head.length < field.end ? 0 : head.readUInt32LE(field.pageBytes);
  const metaPages = [0, pageBytes];
  if (pageBytes === 0 || metaPages.some((start) => !isMetaPage(head, start))) {
    throw new Error(`${path} is no database`);
  }
  const pages = 1 + newestLastPage(head, pageBytes);
  if (sizeBytes >= pages * pageBytes) return;
  throw new Error(`${path} has ${sizeBytes} bytes left of ${pages * pageBytes}`);
}

/**
 * Takes the disk space that opening a database needs, or throws what the disk says: lmdb answers a full disk
 * with a crash there. Its lock file is mapped, so that every page of it has to exist before it is touched; it holds
 * nothing that matters once the process that wrote it is gone.
 */
export async function makeRoomForLmdb(path: string): Promise<void> {
  await writeZeros(`${path}-lock`, lockBytes);
  const found = await readHead(path);
  if (found !== null && found.sizeBytes > 0) return;
  const aside = `${path}.room`;
  try {
    await writeZeros(aside, emptyBytes);
  } finally {
    await rm(aside, { force: true });
  }
}

/** Over what is there, whose blocks are kept. */
async function writeZeros(path: string, sizeBytes: number): Promise<void> {
  const handle = await open(path, constants.O_RDWR | constants.O_CREAT, 0o644);
  try {
    await handle.writeFile(Buffer.alloc(sizeBytes));
  } finally {
    await handle.close();
  }
}

async function readHead(path: string): Promise<{ head: Buffer; sizeBytes: number } | null> {
  const handle = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (!handle) return null;
  try {
    const head = Buffer.alloc(maxPageBytes + field.end);
    const { bytesRead } = await handle.read(head, 0, head.length, 0);
    return { head: head.subarray(0, bytesRead), sizeBytes: (await handle.stat()).size };
  } finally {
    await handle.close();
  }
}

function isMetaPage(head: Buffer, start: number): boolean {
  if (start + field.end > head.length) return false;
  const isMagic = head.readUInt32LE(start + field.magic) === magic;
  return isMagic && head.readUInt16LE(start + field.version) === version;
}

/** Of the newer one, which is written when everything that it speaks of is on disk. */
function newestLastPage(head: Buffer, pageBytes: number): number {
  const txnIds = [0, pageBytes].map((start) => head.readBigUInt64LE(start + field.txnId));
  return lastPage(head, txnIds[1]! > txnIds[0]! ? pageBytes : 0);
}

function lastPage(head: Buffer, start: number): number {
  return Number(head.readBigUInt64LE(start + field.lastPage));
}
