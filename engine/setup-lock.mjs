/** Lets one setup of a checkout work at a time; the lock of a process that is gone does not count. */
import { createHash } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** There is no event for another process's end, so it is asked for this often. */
const pollMs = 100;

/**
 * Waits until no other process sets this checkout up.
 * @param {string} root @param {(line: string) => void} say
 * @returns {Promise<() => void>} gives the lock back
 */
export async function holdSetupLock(root, say) {
  const key = createHash('sha256').update(`${root}\n${userInfo().uid}`).digest('hex').slice(0, 16);
  // Outside the checkout: npm ci replaces node_modules, and dist may be deleted.
  const file = join(tmpdir(), `kopje-setup-${key}.lock`);
  const own = `${file}.${process.pid}`;
  let hasSpoken = false;
  // Linked into place whole, so that nobody reads a lock without its pid.
  writeFileSync(own, String(process.pid));
  try {
    while (!link(own, file)) {
      const holder = readPid(file);
      if (holder !== null && !isAlive(holder)) {
        setAside(file, `${own}.stale`);
      } else {
        if (!hasSpoken) say(`waiting for another setup (pid ${holder})`);
        hasSpoken = true;
        await sleep(pollMs);
      }
    }
  } finally {
    rmSync(own, { force: true });
  }
  return () => {
    if (readPid(file) === process.pid) rmSync(file, { force: true });
  };
}

/** @param {string} from @param {string} to @returns {boolean} false if `to` exists */
function link(from, to) {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EEXIST') return false;
    throw error;
  }
}

/** Removes a dead process's lock; puts it back if it was a live one's that came in between. */
function setAside(/** @type {string} */ file, /** @type {string} */ aside) {
  try {
    renameSync(file, aside);
  } catch {
    // Another waiter was quicker.
    return;
  }
  const holder = readPid(aside);
  if (holder !== null && isAlive(holder)) link(aside, file);
  rmSync(aside, { force: true });
}

/** @param {string} file @returns {number | null} */
function readPid(file) {
  try {
    const pid = Number(readFileSync(file, 'utf8'));
    return Number.isInteger(pid) && pid > 0 ? pid : null;
  } catch {
    return null;
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
}
