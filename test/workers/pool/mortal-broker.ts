import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A broker whose partition threads die on request: `process.send(death)`. */
export interface MortalBroker {
  readonly process: ChildProcess;
  readonly port: number;
}

export async function startMortalBroker(
  dataDir: string,
  more: readonly string[],
): Promise<MortalBroker> {
  const root = new URL('../../../', import.meta.url);
  const hook = new URL('./crash-hook.js', import.meta.url).href;
  const settings = [
    'kafkaListeners=PLAINTEXT://127.0.0.1:0',
    `dataDir=${dataDir}`,
    'logLevel=fatal',
    ...more,
  ];
  const child = spawn(
    process.execPath,
    [
      '--import',
      hook,
      // A thread's heap is small here, so that exhausting it takes no time.
      '--max-old-space-size=96',
      new URL('engine/main.js', root).pathname,
      'serve',
      ...settings.flatMap((setting) => ['--set', setting]),
    ],
    { stdio: ['ignore', 'pipe', 'ignore', 'ipc'] },
  );
  if (!child.stdout) throw new Error('no output');
  for await (const line of createInterface({ input: child.stdout })) {
    const port = /PLAINTEXT:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1];
    if (line.startsWith('kopje ready') && port) return { process: child, port: Number(port) };
  }
  throw new Error('the broker ended before it was ready');
}
