import type { Logger } from 'pino';
import { AdminError } from '../../../workers/log/pulsar/admin-http.js';
import { PulsarError } from '../../../workers/log/pulsar/errors.js';
import { pause, StartGivenUp, untilGivenUp } from '../../cluster/give-up.js';
import { ServerError } from '../../protocol/pulsar/commands.js';

/** Back-off of a start that does not reach the cluster; it is tried for as long as the process runs. */
const firstRetryMs = 500;
const maxRetryMs = 10_000;

/** Pulsar answers, and refuses what Kopje cannot do without: nothing is served until somebody mends that. */
export class PulsarRefused extends Error {
  override readonly name = 'PulsarRefused';
}

/**
 * Repeats a step until the cluster is reached. Rejects with PulsarRefused where it answers and refuses, and with
 * StartGivenUp at once when the signal comes, whatever the step is at.
 */
export async function onceReached<Result>(
  step: () => Promise<Result>,
  what: string,
  log: Logger,
  signal: AbortSignal,
): Promise<Result> {
  for (let waitMs = firstRetryMs; ; waitMs = Math.min(maxRetryMs, 2 * waitMs)) {
    try {
      return await untilGivenUp(step(), signal);
    } catch (error) {
      if (error instanceof StartGivenUp) throw error;
      if (!mayPass(error))
        throw new PulsarRefused(`${what}: ${(error as Error).message}`, { cause: error });
      log.warn({ err: error, waitMs }, `${what}: the Pulsar cluster is not reached; tried again`);
    }
    await pause(waitMs, signal);
  }
}

const passing = new Set<number>([
  ServerError.MetadataError,
  ServerError.PersistenceError,
  ServerError.ServiceNotReady,
  ServerError.TooManyRequests,
]);

/** Whether the same request may work later, without anybody's doing. */
function mayPass(error: unknown): boolean {
  if (error instanceof AdminError) return error.status >= 500 || error.status === 429;
  if (error instanceof PulsarError) return passing.has(error.code);
  const { name, cause } = error as { name?: unknown; cause?: unknown };
  if (name === 'ConnectionLost') return true;
  const code = String((cause as { code?: unknown } | undefined)?.code ?? '');
  return /^(E[A-Z]+|ABORT_ERR)$/.test(code);
}
