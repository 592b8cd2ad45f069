/** The bookie of the tests' Pulsar, which can be told to refuse writes. */

/** Where `run.ts` says at what address. */
export const bookieUrlName = 'KOPJE_TEST_PULSAR_BOOKIE_URL';

/** Settings of a standalone whose bookie can be told so, at a free port. */
export function bookieSettings(httpPort: number) {
  return {
    httpServerEnabled: 'true',
    httpServerClass: 'org.apache.bookkeeper.http.vertx.VertxHttpServer',
    httpServerHost: '127.0.0.1',
    httpServerPort: String(httpPort),
    // Empty in Pulsar's file, and its server wants a number.
    numIOThreads: '2',
  };
}

/** Changes whether the bookie takes writes; resolves when it does so. */
export async function setReadOnly(readOnly: boolean): Promise<void> {
  const url = `${process.env[bookieUrlName]}/api/v1/bookie/state/readonly`;
  const answer = await fetch(url, { method: 'PUT', body: JSON.stringify({ readOnly }) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`PUT ${url}: ${answer.status} ${text}`);
}
