import { isatty } from 'node:tty';
import pino from 'pino';

const standardError = 2;

/**
 * Log lines on standard error: JSON, or readable text on a terminal. Written synchronously, so that
 * the last line before an exit is there; nothing logs per request.
 */
export async function createLogger(level: string): Promise<pino.Logger> {
  const options = { level, base: null };
  if (!isatty(standardError)) {
    return pino(options, pino.destination({ dest: standardError, sync: true }));
  }
  const { default: pretty } = await import('pino-pretty');
  return pino(options, pretty({ destination: standardError, sync: true }));
}
