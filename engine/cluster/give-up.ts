/** Waits of a start that end when it is given up. */

/** The start was given up, as its signal wanted. */
export class StartGivenUp extends Error {
  override readonly name = 'StartGivenUp';

  constructor() {
    super('asked to stop before it served');
  }
}

/** What a step comes to; rejects with StartGivenUp when the signal comes before, and the step goes on unheard. */
export async function untilGivenUp<Result>(
  step: Promise<Result>,
  signal: AbortSignal,
): Promise<Result> {
  let heard: () => void = () => undefined;
  const givenUp = new Promise<never>((_, reject) => {
    heard = () => reject(new StartGivenUp());
  });
  signal.addEventListener('abort', heard, { once: true });
  if (signal.aborted) heard();
  try {
    return await Promise.race([givenUp, step]);
  } finally {
    signal.removeEventListener('abort', heard);
  }
}

/** Rejects with StartGivenUp when the signal comes before the time is over. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  try {
    await untilGivenUp(over, signal);
  } finally {
    clearTimeout(timer);
  }
}
