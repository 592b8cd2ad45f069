import t from 'tap';
import { onceReached } from '../../../../engine/catalog/pulsar/reach.js';
import { ServerError } from '../../../../engine/protocol/pulsar/commands.js';
import { AdminError, AdminHttp } from '../../../../workers/log/pulsar/admin-http.js';
import { noAuthentication } from '../../../../workers/log/pulsar/authentication.js';
import { ConnectionLost, PulsarError } from '../../../../workers/log/pulsar/errors.js';
import { silent } from '../open-catalog.js';

/** What a start comes to whose first try fails with an error. */
function after(error: unknown): Promise<string> {
  let tries = 0;
  const step = () => (++tries === 1 ? Promise.reject(error) : Promise.resolve('reached'));
  return onceReached(step, 'something', silent, new AbortController().signal);
}

t.test('a cluster that does not answer is waited for', async (t) => {
  const unreachable = new AdminHttp({
    url: 'http://127.0.0.1:1',
    authentication: noAuthentication,
    timeoutMs: 5_000,
    tls: {},
  });
  t.teardown(() => unreachable.close());
  const refused = await unreachable.get('x').catch((error: unknown) => error);
  const errors = [
    new ConnectionLost('no broker answers'),
    new AdminError(503, 'away'),
    new PulsarError(ServerError.ServiceNotReady, 'not yet'),
    refused,
  ];
  t.strictSame(
    await Promise.all(errors.map(after)),
    errors.map(() => 'reached'),
  );
});

t.test('one that answers and refuses ends the start', async (t) => {
  const errors = [
    new AdminError(401, 'who are you?'),
    new AdminError(404, 'no namespace'),
    new PulsarError(ServerError.AuthorizationError, 'no rights'),
    new Error('a fault of our own'),
  ];
  for (const error of errors) {
    await t.rejects(after(error), {
      name: 'PulsarRefused',
      message: `something: ${error.message}`,
      cause: error,
    });
  }
});

t.test('a start that is given up does not wait for what it asked', async (t) => {
  const never = new Promise<string>(() => undefined);
  const steps = [() => never, () => Promise.reject(new ConnectionLost('no broker answers'))];
  for (const step of steps) {
    const controller = new AbortController();
    const reached = onceReached(step, 'something', silent, controller.signal);
    controller.abort();
    await t.rejects(reached, { name: 'StartGivenUp' });
  }
});
