/** `kopje config`: the effective settings, where each comes from and what it means. */
import { reportJson, reportText } from '../config/report.js';
import { loadFromOptions, type SettingsOptions } from './options.js';

export async function config(options: SettingsOptions & { readonly json?: true }): Promise<void> {
  const loaded = await loadFromOptions(options);
  process.stdout.write(options.json ? reportJson(loaded) : reportText(loaded));
}
