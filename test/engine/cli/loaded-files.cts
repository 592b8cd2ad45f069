/** Preloaded into a broker: tells at its end what it loaded, as one line on standard error. */
process.on('exit', () => {
  const files = Object.keys(require.cache).filter((file) => file !== __filename);
  process.stderr.write(`${JSON.stringify({ msg: 'loaded', files })}\n`);
});
