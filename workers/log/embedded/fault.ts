import { constants } from 'node:os';
import { LogFault } from '../log.js';

/** Kinds of errors that pass when space, or file descriptors, are to be had again. */
const fullCodes = new Set<unknown>(['ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE']);

/** What a disk threw, as the fault that the partition answers with; a LogFault stays what it is. */
export function faultOf(error: unknown, doing: string): LogFault {
  if (error instanceof LogFault) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  return new LogFault(fullCodes.has(code) ? 'full' : 'storage', `${doing}: ${message}`, {
    cause: error,
  });
}

/** A sync that failed with an error number. */
export function syncFault(dir: string, errno: number): LogFault {
  const [name = `errno ${errno}`] =
    Object.entries(constants.errno).find(([, number]) => number === errno) ?? [];
  return new LogFault('storage', `cannot sync ${dir}: ${name}, fdatasync`);
}
