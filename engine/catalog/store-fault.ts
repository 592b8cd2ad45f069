import { constants } from 'node:os';

/** The metadata store can be read or written no more: whoever holds it has to end, and a start to look again. */
export class MetadataStoreError extends Error {
  override readonly name = 'MetadataStoreError';
}

/** What lmdb throws has the system's number, or one of LMDB's own below zero; Node's errors have its name. */
const { ENOSPC, EDQUOT, ENOMEM } = constants.errno;
/** The change is refused, and nothing is lost: there is no room for it. */
const refusals = new Set<unknown>([ENOSPC, EDQUOT, ENOMEM]);
/** MDB_PAGE_NOTFOUND, MDB_CORRUPTED and MDB_PANIC: the environment must not be used any more. */
const ruins = new Set<unknown>([-30_797, -30_796, -30_795]);

/**
 * Whether an error of the store is one after which it must not be used: the system failed to read or write, and what
 * it holds of the file in memory may differ from the disk.
 */
export function isStoreFault(error: unknown): boolean {
  return ruins.has((error as { code?: unknown }).code) || isDiskFault(error);
}

/** Whether the system failed to read or write; damage that was read well is something else. */
export function isDiskFault(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === 'EIO' || (typeof code === 'number' && code > 0 && !refusals.has(code));
}

/** Whether a start failed because the disk is full, whoever says so. */
export function isOutOfSpace(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { code } = at as { code?: unknown };
    if (code === 'ENOSPC' || code === 'EDQUOT' || code === ENOSPC || code === EDQUOT) return true;
  }
  return false;
}
