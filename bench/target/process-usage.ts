import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** What a process with all its threads has used so far. */
export interface ProcessUsage {
  cpuMs: number;
  /** Time in which its threads could have run and had no core; 0 where the system does not tell. */
  waitedMs: number;
  rssBytes: number;
}

/** Clock ticks a second: 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;

/** CPU time and memory of a process, as the operating system counts them; nothing of one that is not known. */
export function usageOf(pid: number | null): ProcessUsage {
  if (pid === null) return { cpuMs: 0, waitedMs: 0, rssBytes: 0 };
  return process.platform === 'linux' ? linuxUsage(pid) : psUsage(pid);
}

function linuxUsage(pid: number): ProcessUsage {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name is in parentheses and may hold anything; the fields after it are numbers.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [user, system, childUser, childSystem] = fields.slice(11, 15).map(Number);
  const ticks = (user ?? 0) + (system ?? 0) + (childUser ?? 0) + (childSystem ?? 0);
  const rss = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return {
    cpuMs: (ticks * 1_000) / ticksPerSecond,
    waitedMs: waitedMs(pid),
    rssBytes: Number(rss?.[1] ?? 0) * 1024,
  };
}

/** Of the threads that are alive: nanoseconds on a run queue, the second number of `schedstat`. */
function waitedMs(pid: number): number {
  let waitedNs = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      const [, waited] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ');
      waitedNs += Number(waited);
    } catch {
      // It has just ended, or the kernel keeps no such statistics.
    }
  }
  return waitedNs / 1e6;
}

function psUsage(pid: number): ProcessUsage {
  const [time = '0:0', rss = '0'] = execFileSync('ps', ['-o', 'time=,rss=', '-p', `${pid}`], {
    encoding: 'utf8',
  })
    .trim()
    .split(/\s+/);
  const seconds = time.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
  return { cpuMs: seconds * 1_000, waitedMs: 0, rssBytes: Number(rss) * 1024 };
}
