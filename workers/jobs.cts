/**
 * What the pools' threads load, a name for each kind of thread.
 *
 * CommonJS, because Piscina loads it with `require`, and a thread that is terminated while `require`
 * links an ES module aborts the whole process ("IsGraphAsync must be used on an instantiated module",
 * Node 20.20, one stop in 200 on a busy machine). `import()` has no such moment.
 */
const jobs = {
  partition: async (task: never) => (await import('./thread.js')).default(task),
  compact: async (task: never) => (await import('./log/embedded/compact-job.js')).default(task),
  repair: async (task: never) => (await import('./log/embedded/repair-job.js')).default(task),
};
module.exports = jobs;
