/** Asks every thread of a broker under test something, for the hooks that `--import` loads into each of them. */
import { BroadcastChannel, isMainThread, threadId } from 'node:worker_threads';

/** What one thread answered; the main thread is number 0. */
export interface FromThread<Answer> {
  readonly thread: number;
  readonly answer: Answer;
}

type AnswerTo<Answer> = (order: string) => Answer | Promise<Answer>;

const orders = new BroadcastChannel('kopje-counters-orders');
const answers = new BroadcastChannel('kopje-counters-answers');

/**
 * Each message to the process is an order: every thread takes it, and when all have answered the process sends back
 * their answers together. One order at a time.
 */
export function answerOrders<Answer>(answerTo: AnswerTo<Answer>): void {
  if (isMainThread) leadThreads(answerTo);
  else {
    answers.postMessage({ thread: threadId });
    orders.onmessage = async (message) => {
      const { data } = message as { data: string };
      answers.postMessage({ thread: threadId, answer: await answerTo(data) });
    };
  }
  orders.unref();
  answers.unref();
}

function leadThreads<Answer>(answerTo: AnswerTo<Answer>): void {
  let others = 0;
  let answered: FromThread<Answer>[] = [];
  const take = (one: FromThread<Answer>): void => {
    answered.push(one);
    if (answered.length === others + 1) process.send?.(answered);
  };
  answers.onmessage = (message) => {
    const { data } = message as { data: FromThread<Answer> | { thread: number } };
    // A thread's first word says that it is there.
    if ('answer' in data) take(data);
    else others++;
  };
  process.on('message', async (order: string) => {
    answered = [];
    orders.postMessage(order);
    take({ thread: threadId, answer: await answerTo(order) });
  });
  // Whoever runs the test was killed: nobody else would end the broker.
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  process.channel?.unref();
}
