import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** What a process with all its threads has used so far. */
export interface ProcessUsage {
  cpuMs: number;
  rssBytes: number;
}

/** Clock ticks a second: 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;

/** CPU time and memory of a process, as the operating system counts them. */
export function usageOf(pid: number): ProcessUsage {
  return process.platform === 'linux' ? linuxUsage(pid) : psUsage(pid);
}

function linuxUsage(pid: number): ProcessUsage {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name is in parentheses and may hold anything; the fields after it are numbers.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [user, system, childUser, childSystem] = fields.slice(11, 15).map(Number);
  const ticks = (user ?? 0) + (system ?? 0) + (childUser ?? 0) + (childSystem ?? 0);
  const rss = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return { cpuMs: (ticks * 1_000) / ticksPerSecond, rssBytes: Number(rss?.[1] ?? 0) * 1024 };
}

function psUsage(pid: number): ProcessUsage {
  const [time = '0:0', rss = '0'] = execFileSync('ps', ['-o', 'time=,rss=', '-p', `${pid}`], {
    encoding: 'utf8',
  })
    .trim()
    .split(/\s+/);
  const seconds = time.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
  return { cpuMs: seconds * 1_000, rssBytes: Number(rss) * 1024 };
}
