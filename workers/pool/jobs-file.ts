/** What the threads of every pool load. */
export const jobsFile = new URL('../jobs.cjs', import.meta.url).href;
