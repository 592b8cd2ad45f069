import type { Command } from 'commander';
import { type LoadedSettings, loadSettings } from '../config/load.js';

/** What every command that reads settings takes. */
export interface SettingsOptions {
  readonly config?: string;
  readonly set: readonly string[];
}

export function addSettingsOptions(command: Command): Command {
  return command
    .option(
      '-c, --config <file>',
      'YAML file with settings, or the broker.conf of a KoP (default: kopje.yaml if there is one)',
    )
    .option(
      '-s, --set <name=value>',
      'one setting; repeat for more; wins over environment and file',
      (value: string, earlier: readonly string[]) => [...earlier, value],
      [],
    );
}

/** Throws SettingsError. */
export function loadFromOptions(options: SettingsOptions): Promise<LoadedSettings> {
  return loadSettings({ file: options.config, set: options.set, environment: process.env });
}
