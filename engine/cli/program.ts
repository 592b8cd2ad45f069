/** The `kopje` command line: which commands there are, and what their failures exit with. */
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { SettingsError } from '../config/mistakes.js';
import { type ExitCode, exitCodeMeanings, exitCodeOf, exitCodes } from './exit-codes.js';
import type { NamespaceOptions } from './namespace.js';
import { addSettingsOptions, type SettingsOptions } from './options.js';

const bootstrapOption = [
  '--bootstrap-server <host:port>',
  'address of a broker',
  '127.0.0.1:9092',
] as const;

const exitCodeHelp = `
Exit codes:
${exitCodeMeanings.map(([code, meaning]) => `  ${code}  ${meaning}`).join('\n')}
`;

/** Runs one command and resolves with the exit code. `words` are the arguments after `kopje`. */
export async function run(words: readonly string[]): Promise<ExitCode> {
  let exitCode: ExitCode = exitCodes.ok;
  const program = new Command('kopje')
    .description('A Kafka broker without a JVM.')
    .version(packageVersion(), '-V, --version')
    .addHelpText('after', exitCodeHelp)
    .exitOverride();
  addSettingsOptions(program.command('serve').description('run the broker')).action(
    async (options: SettingsOptions) => {
      const { serve } = await import('./serve.js');
      exitCode = await serve(options);
    },
  );
  addSettingsOptions(
    program
      .command('config')
      .description('show every setting, where it comes from and its meaning'),
  )
    .option('--json', 'as JSON')
    .action(async (options: SettingsOptions & { json?: true }) => {
      const { config } = await import('./config.js');
      await config(options);
    });
  addSettingsOptions(
    program.command('check').description('look for what would stop or hamper the broker'),
  )
    .option('--repair', 'verify every record and cut what is damaged (the broker must be stopped)')
    .action(async (options: SettingsOptions & { repair?: true }) => {
      const { check } = await import('./check.js');
      exitCode = await check(options, options.repair === true);
    });
  addNamespaceCommands(program, (code) => {
    exitCode = code;
  });
  for (const command of program.commands) command.exitOverride();
  try {
    await program.parseAsync(words, { from: 'user' });
  } catch (error) {
    return report(error);
  }
  return exitCode;
}

function addNamespaceCommands(program: Command, ended: (code: ExitCode) => void): void {
  const namespace = program
    .command('namespace')
    .description('show or change what namespaces say of their topics, on a running broker');
  namespace
    .command('list')
    .description('every namespace with what it says of its topics')
    .option(...bootstrapOption)
    .exitOverride()
    .action(async (options: NamespaceOptions) => {
      const { listNamespaces } = await import('./namespace.js');
      ended(await listNamespaces(options));
    });
  namespace
    .command('set <tenant/namespace>')
    .description('change a namespace; the next batch of each of its topics obeys')
    .option(
      '--entry-format <format>',
      'how entries are stored: kafka, mixed_kafka, pulsar; default takes it back',
    )
    .option(
      '--pulsar-writers <writers>',
      'who writes on Pulsar: exclusive (Kopje alone), shared; default takes it back',
    )
    .option('--force', "even where clients of Pulsar's could not use a topic any more")
    .option(...bootstrapOption)
    .exitOverride()
    .action(async (name: string, options: NamespaceOptions) => {
      const { setNamespace } = await import('./namespace.js');
      ended(await setNamespace(name, options));
    });
}

function report(error: unknown): ExitCode {
  if (error instanceof CommanderError) {
    // Commander has printed its own message; help and version are no failures.
    return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  }
  const exitCode = exitCodeOf(error);
  const isExplained = exitCode !== exitCodes.unexpected || isOutOfFiles(error);
  const text = isExplained ? String((error as Error).message) : stackOf(error);
  for (const line of text.split('\n')) process.stderr.write(`kopje: ${line}\n`);
  if (isOutOfFiles(error)) {
    process.stderr.write('kopje: allow more open files; `kopje check` says how many it takes\n');
  }
  if (error instanceof SettingsError) {
    process.stderr.write('kopje: nothing was started; `kopje config` explains every setting\n');
  }
  return exitCode;
}

function isOutOfFiles(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | null)?.code === 'EMFILE';
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function packageVersion(): string {
  const file = new URL('../../package.json', import.meta.url);
  const installed = new URL('../../../package.json', import.meta.url);
  for (const candidate of [installed, file]) {
    try {
      return (JSON.parse(readFileSync(candidate, 'utf8')) as { version: string }).version;
    } catch {
      // dist/ has no package.json of its own; the package's is one level above.
    }
  }
  return 'unknown';
}
