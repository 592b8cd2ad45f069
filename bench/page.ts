/** One self-contained page with the plots of a run. */
import type { Measurement } from './measurement.js';
import { targetCells } from './report.js';
import { median } from './statistics.js';
import type { Judgement } from './verdict.js';

interface Result {
  readonly date: string;
  readonly machine: Readonly<Record<string, string | number>>;
  readonly measurements: readonly Measurement[];
  /** How it stands against its targets. */
  readonly judgements: readonly Judgement[];
}

/** A row of bars: what is measured, of each target. */
interface Plot {
  readonly title: string;
  readonly unit: string;
  readonly digits: number;
  pick(run: Measurement): number | null;
}

const plots: readonly Plot[] = [
  { title: 'Throughput', unit: 'MB/s', digits: 0, pick: (run) => run.megabytesPerSecond },
  {
    title: 'CPU per GB',
    unit: 'CPU-s/GB',
    digits: 2,
    pick: (run) => (run.cpuSecondsPerGigabyte > 0 ? run.cpuSecondsPerGigabyte : null),
  },
  { title: 'Time, p50', unit: 'ms', digits: 2, pick: (run) => milliseconds(run, 'p50') },
  { title: 'Time, p99', unit: 'ms', digits: 2, pick: (run) => milliseconds(run, 'p99') },
  { title: 'Time, p99.9', unit: 'ms', digits: 2, pick: (run) => milliseconds(run, 'p999') },
];

const colours = ['#2b6cb0', '#c05621', '#2f855a', '#805ad5', '#b83280'];
const barWidth = 420;
const barHeight = 22;
const labelWidth = 130;
const curveHeight = 120;

function milliseconds({ latency }: Measurement, name: 'p50' | 'p99' | 'p999'): number | null {
  return latency === null ? null : latency[name] / 1_000;
}

/** @param table the lines that were printed */
export function page(result: Result, table: readonly string[]): string {
  const { date, machine, measurements, judgements } = result;
  const names = [...new Set(measurements.map(({ scenario }) => scenario))];
  const sections = names.map((name) => {
    const runs = measurements.filter(({ scenario }) => scenario === name);
    return `<section><h2>${escaped(name)}</h2><div class="plots">${[
      ...plots.map((plot) => bars(plot, runs)),
      memory(runs),
    ].join('')}</div></section>`;
  });
  const told = Object.entries(machine).map(([key, value]) => `${key}: ${value}`);
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Kopje, ${escaped(date)}</title>
<style>
body { font: 14px system-ui, sans-serif; margin: 2em; color: #222; }
pre { overflow-x: auto; background: #f5f5f5; padding: 1em; }
table { border-collapse: collapse; } td, th { text-align: left; padding: 0.2em 1em 0.2em 0; border-bottom: 1px solid #ddd; }
.plots { display: flex; flex-wrap: wrap; gap: 1.5em; }
figure { margin: 0; } figcaption { font-weight: 600; }
text { font: 12px system-ui, sans-serif; fill: #222; }
</style>
<h1>Kopje, measured ${escaped(date)}</h1>
<p>${escaped(told.join(' · '))}</p>
${judgements.length === 0 ? '' : targetTable(judgements)}
<pre>${escaped(table.join('\n'))}</pre>
${sections.join('\n')}
</html>
`;
}

function targetTable(judgements: readonly Judgement[]): string {
  const [heads = [], ...rows] = targetCells(judgements);
  const lineOf = (cells: readonly string[], tag: 'td' | 'th'): string =>
    `<tr>${cells.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join('')}</tr>`;
  const lines = [lineOf(heads, 'th'), ...rows.map((cells) => lineOf(cells, 'td'))];
  return `<h2>Targets</h2>\n<table>\n${lines.join('\n')}\n</table>`;
}

function targetsOf(runs: readonly Measurement[]): string[] {
  return [...new Set(runs.map(({ target }) => target))];
}

function bars({ title, unit, digits, pick }: Plot, runs: readonly Measurement[]): string {
  const values = targetsOf(runs).flatMap((target) => {
    const known = runs.filter((run) => run.target === target).flatMap((run) => pick(run) ?? []);
    return known.length === 0 ? [] : [{ target, value: median(known) }];
  });
  if (values.length === 0) return '';
  const most = Math.max(...values.map(({ value }) => value));
  const lines = values.map(({ target, value }, index) => {
    const y = index * (barHeight + 4);
    const width = (value / most) * (barWidth - labelWidth - 90);
    return `<text x="0" y="${y + 15}">${escaped(target)}</text>
<rect x="${labelWidth}" y="${y}" width="${width.toFixed(1)}" height="${barHeight}" fill="${colours[index % colours.length]}"/>
<text x="${(labelWidth + width + 6).toFixed(1)}" y="${y + 15}">${value.toFixed(digits)}</text>`;
  });
  return figure(`${title} (${unit})`, values.length * (barHeight + 4), lines.join(''));
}

/** Resident memory over the time of the last run of each target. */
function memory(runs: readonly Measurement[]): string {
  const last = targetsOf(runs).map(
    (target) => runs.findLast((run) => run.target === target) as Measurement,
  );
  const known = last.filter(({ rssMegabytes }) => rssMegabytes > 0);
  if (known.length === 0) return '';
  const samples = known.flatMap((run) => run.samples);
  const most = Math.max(...samples.map(({ rssMegabytes }) => rssMegabytes), 1);
  const longest = Math.max(...samples.map(({ atMs }) => atMs), 1);
  const lines = known.map((run, index) => {
    const points = run.samples.map(({ atMs, rssMegabytes }) => {
      const x = (atMs / longest) * (barWidth - labelWidth);
      return `${x.toFixed(1)},${(curveHeight - (rssMegabytes / most) * curveHeight).toFixed(1)}`;
    });
    const colour = colours[index % colours.length];
    return `<polyline points="${points.join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>
<text x="${barWidth - labelWidth + 6}" y="${14 + index * 16}" style="fill:${colour}">${escaped(run.target)} ${run.rssMegabytes.toFixed(0)}</text>`;
  });
  return figure('Memory over time (MB)', curveHeight, lines.join(''));
}

function figure(title: string, height: number, content: string): string {
  return `<figure><figcaption>${escaped(title)}</figcaption>
<svg width="${barWidth}" height="${height}" viewBox="0 0 ${barWidth} ${height}">${content}</svg></figure>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
