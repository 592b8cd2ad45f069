/** What the exit code of `kopje` says; scripts and supervisors rely on these numbers. */
import { isOutOfSpace } from '../catalog/store-fault.js';

export const exitCodes = {
  /** Done; for `kopje serve`: stopped by SIGTERM or SIGINT with everything flushed. */
  ok: 0,
  /** A fault of Kopje's own, or `kopje check` found a problem. */
  unexpected: 1,
  /** The command line or the settings are wrong. */
  usage: 2,
  /** The data directory is in use by another process, or cannot be used. */
  dataDirectory: 3,
  /** A listener cannot bind its address. */
  listener: 4,
  /** The broker could serve no longer: its threads died again and again. */
  failed: 5,
  /** The metadata store could not be read or written: an I/O error of its disk. */
  metadataStore: 6,
  /** The disk has no room for what a start has to write. */
  diskFull: 7,
  /** `kopje namespace`: no broker answers at the address. */
  unreachable: 8,
  /** The Pulsar cluster answers, and refuses what Kopje cannot do without. */
  pulsar: 9,
  /** Another node took over from this one, which had shown no sign of life. */
  fenced: 10,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** For `kopje --help` and the documentation. */
export const exitCodeMeanings: readonly (readonly [ExitCode, string])[] = [
  [exitCodes.ok, 'done; serve: stopped by SIGTERM or SIGINT with everything flushed'],
  [exitCodes.unexpected, 'an unexpected fault, or check found a problem'],
  [exitCodes.usage, 'the command line or the settings are wrong'],
  [exitCodes.dataDirectory, 'the data directory is in use by another process, or unusable'],
  [exitCodes.listener, 'a listener cannot bind its address'],
  [exitCodes.failed, 'the broker could serve no longer: its threads died again and again'],
  [exitCodes.metadataStore, 'an I/O error in the metadata store: its disk fails'],
  [exitCodes.diskFull, 'no space: the disk has no room for what a start has to write'],
  [exitCodes.unreachable, 'namespace: no broker answers at the address'],
  [exitCodes.pulsar, 'the Pulsar cluster refuses what Kopje needs: see `kopje check`'],
  [exitCodes.fenced, 'another node took over: this one was stopped, or cut off, for too long'],
];

/** By the name of the error's class, so that telling them apart loads none of their modules. */
const codeOfError: Readonly<Record<string, ExitCode>> = {
  SettingsError: exitCodes.usage,
  UsageMistake: exitCodes.usage,
  DirectoryLocked: exitCodes.dataDirectory,
  DataDirectoryError: exitCodes.dataDirectory,
  ListenError: exitCodes.listener,
  MetadataStoreError: exitCodes.metadataStore,
  BrokerUnreachable: exitCodes.unreachable,
  PulsarRefused: exitCodes.pulsar,
  Fenced: exitCodes.fenced,
};

export function exitCodeOf(error: unknown): ExitCode {
  if (isOutOfSpace(error)) return exitCodes.diskFull;
  const name = error instanceof Error ? error.name : '';
  return codeOfError[name] ?? exitCodes.unexpected;
}
