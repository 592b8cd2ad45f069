/**
 * `npm run pulsar`: a real Pulsar for trying Kopje in front of it, on this machine alone.
 *
 *   npm run pulsar [-- --port 6650 --http-port 8080 --data-dir data/pulsar]
 *   npm run pulsar -- client WORD...      Pulsar's own pulsar-client
 *
 * The first start fetches the distribution through Maven. Standard output carries the one line that begins with
 * `pulsar ready`; Ctrl-C stops it and keeps what is stored.
 */
import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Missing } from './programs.js';
import { preparePulsar, startPulsar } from './pulsar.js';

const say = (line: string) => process.stderr.write(`pulsar: ${line}\n`);

async function serve(home: string, words: string[]): Promise<void> {
  const { values } = parseArgs({
    args: words,
    options: {
      port: { type: 'string', default: '6650' },
      'http-port': { type: 'string', default: '8080' },
      'data-dir': { type: 'string', default: join('data', 'pulsar') },
    },
  });
  const dataDir = resolve(values['data-dir']);
  const ports = { port: Number(values.port), httpPort: Number(values['http-port']) };
  say(`starting, which takes about ten seconds; its log is ${join(dataDir, 'pulsar.log')}`);
  const pulsar = await startPulsar({ home, dataDir, ports, livesLong: true });
  process.stdout.write(`pulsar ready ${pulsar.serviceUrl} ${pulsar.adminUrl}\n`);
  const stop = () => void pulsar.stop().then(() => process.exit(0));
  process.once('SIGTERM', stop).once('SIGINT', stop);
}

/** Runs Pulsar's command-line client on this terminal; ends as it ends. */
function runClient(home: string, words: readonly string[]): void {
  const child = spawn(join(home, 'bin', 'pulsar-client'), words, { stdio: 'inherit' });
  child.on('close', (code, signal) => process.exit(code ?? (signal === null ? 0 : 1)));
}

async function main([verb, ...rest]: string[]): Promise<void> {
  const home = await preparePulsar();
  if (verb === 'client') runClient(home, rest);
  else await serve(home, verb === undefined ? [] : [verb, ...rest]);
}

main(process.argv.slice(2)).catch((error: Error) => {
  const more =
    error instanceof Missing ? ': Pulsar needs Java 17 or newer, and Maven fetches it' : '';
  say(`${error.message}${more}`);
  process.exitCode = 1;
});
