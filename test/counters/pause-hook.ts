/** Loaded by `--import` into every thread of a broker: tells how long each collection of garbage has held it up. */
import { PerformanceObserver } from 'node:perf_hooks';
import { answerOrders } from './every-thread.js';

let pausesMs: number[] = [];
new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) pausesMs.push(duration);
}).observe({ entryTypes: ['gc'] });

/** Pauses since the last order, ms. */
answerOrders((): number[] => {
  const told = pausesMs;
  pausesMs = [];
  return told;
});
