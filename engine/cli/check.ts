/** `kopje check`: looks for what would stop or hamper a start, and says what to do. */
import { SettingsError } from '../config/mistakes.js';
import { isOnPulsar } from '../config/pulsar-backend.js';
import type { Settings } from '../config/schema.js';
import { checkAddon } from './checks/addon.js';
import { checkDataDirectory } from './checks/data-directory.js';
import { checkFileLimit } from './checks/file-limit.js';
import { checkMemory } from './checks/memory.js';
import { checkPorts } from './checks/ports.js';
import { type ExitCode, exitCodes } from './exit-codes.js';
import type { Finding } from './finding.js';
import { loadFromOptions, type SettingsOptions } from './options.js';

const marks = { ok: 'ok     ', warning: 'warning', problem: 'PROBLEM' } as const;

/** Prints one line per finding; 1 if any is a problem. With `repair`, mends the data directory first. */
export async function check(options: SettingsOptions, repair = false): Promise<ExitCode> {
  const findings: Finding[] = [
    { level: 'ok', subject: 'node', text: `${process.versions.node} (20.19 or newer is needed)` },
  ];
  let settings: Settings | null = null;
  try {
    ({ settings } = await loadFromOptions(options));
    findings.push({ level: 'ok', subject: 'settings', text: 'every value is allowed' });
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    findings.push(...error.mistakes.map(settingsProblem));
  }
  findings.push(await checkAddon());
  if (settings === null) {
    findings.push({
      level: 'warning',
      subject: 'data directory',
      text: 'directory, ports and limits were not looked at, since the settings are wrong',
    });
  } else {
    if (repair) {
      const { repairDataDirectory } = await import('./checks/repair.js');
      const say = (line: string) => process.stderr.write(`kopje: ${line}\n`);
      findings.push(...(await repairDataDirectory(settings, say)));
    }
    findings.push(...(await checkStorage(settings)));
    findings.push(...(await checkPorts(settings)));
    findings.push(await checkFileLimit(settings), checkMemory(settings));
  }
  for (const finding of findings) process.stdout.write(`${format(finding)}\n`);
  const problems = findings.filter(({ level }) => level === 'problem').length;
  process.stdout.write(problems === 0 ? 'no problem found\n' : `${problems} problem(s) found\n`);
  return problems === 0 ? exitCodes.ok : exitCodes.unexpected;
}

async function checkStorage(settings: Settings): Promise<Finding[]> {
  if (!isOnPulsar(settings)) return checkDataDirectory(settings);
  const { checkPulsar } = await import('./checks/pulsar.js');
  return checkPulsar(settings);
}

function settingsProblem({ where, message }: { where: string; message: string }): Finding {
  return { level: 'problem', subject: 'settings', text: `${where}: ${message}` };
}

function format({ level, subject, text, advice }: Finding): string {
  const line = `${marks[level]}  ${subject}: ${text}`;
  return advice === undefined ? line : `${line}\n         → ${advice}`;
}
