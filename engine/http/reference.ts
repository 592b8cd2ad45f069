import { copySites } from './memory-metrics.js';
import { metricAreas } from './metrics.js';

const cell = (text: string) => text.replaceAll('|', '\\|');

/** docs/metrics.md: what `/metrics` tells. */
export function metricsPage(notice: string): string {
  const lines = [
    '# Metrics',
    '',
    notice,
    '',
    'With `--set httpListener=127.0.0.1:9644` (off unless given) Kopje answers HTTP there:',
    '',
    '- `/health`: 200 while the process lives and its event loop turns.',
    '- `/ready`: 200 while listeners accept and every partition is open, else 503 with what is missing.',
    '- `/metrics`: the metrics below as Prometheus text, and the process’s and Node’s own (`process_…`,',
    '  `nodejs_…`: CPU, memory, open files, event loop delay, garbage collection).',
    '',
    'Whoever can reach the address can read it: keep it on an address of your own network. No metric has',
    'a label that grows with topics, partitions or groups.',
    '',
  ];
  for (const { title, metrics } of metricAreas) {
    lines.push(
      `## ${title}`,
      '',
      '| Metric | Type | Meaning | Labels |',
      '| --- | --- | --- | --- |',
    );
    for (const { name, type, help, labels } of metrics) {
      const meanings = Object.entries(labels).map(([label, meaning]) => `\`${label}\`: ${meaning}`);
      lines.push(`| \`${name}\` | ${type} | ${cell(help)} | ${cell(meanings.join('; '))} |`);
    }
    lines.push('');
  }
  lines.push('## Copy sites', '', '| Site | Record bytes that are copied there |', '| --- | --- |');
  for (const [site, { help }] of Object.entries(copySites)) lines.push(`| \`${site}\` | ${help} |`);
  return `${lines.join('\n')}\n`;
}
