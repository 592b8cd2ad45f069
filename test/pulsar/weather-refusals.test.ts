/** Pulsar is there, and refuses what Kopje asks of it: no bookie takes writes, its rights are taken away. */
import { randomUUID } from 'node:crypto';
import t, { type Test } from 'tap';
import { setReadOnly } from './bookie.js';
import { adminUrl } from './peer.js';
import { tokenFor } from './rights.js';
import { retriable, Scene } from './scene.js';

t.setTimeout(240_000);

/** As many attempts have to be refused before Pulsar is kind again. */
const refusals = 3;

interface Refused {
  readonly errors: readonly number[];
  /** What was sent and never acknowledged: it may be there, once, or not. */
  readonly values: ReadonlySet<string>;
}

/** Produces until so many in a row were refused. */
async function produceUntilRefused(
  scene: Scene,
  acknowledged: Map<number, string>,
): Promise<Refused> {
  const errors: number[] = [];
  const values = new Set<string>();
  for (let number = 0, inRow = 0; inRow < refusals; number++) {
    const value = `during ${number}`;
    const told = await scene.produce(value);
    if (told >= 0) {
      acknowledged.set(told, value);
      inRow = 0;
      continue;
    }
    inRow++;
    values.add(value);
    errors.push(-told);
  }
  return { errors: [...new Set(errors)], values };
}

/** All acknowledged stand at their offsets, and besides them only what was in doubt, each once. */
function check(
  t: Test,
  stored: readonly { offset: number; value: string }[],
  acknowledged: ReadonlyMap<number, string>,
  inDoubt: ReadonlySet<string>,
): void {
  const found = new Map(stored.map(({ offset, value }) => [offset, value]));
  for (const [offset, value] of acknowledged) t.equal(found.get(offset), value);
  const others = stored.filter(({ offset }) => !acknowledged.has(offset));
  t.ok(others.every(({ value }) => inDoubt.has(value)));
  t.equal(new Set(others.map(({ value }) => value)).size, others.length);
}

/** Begins with a record, lets Pulsar refuse, and be kind again: the scene goes on by itself. */
async function refuse(
  t: Test,
  scenes: readonly Scene[],
  begin: () => Promise<void>,
  end: () => Promise<void>,
): Promise<void> {
  const acknowledged = new Map<Scene, Map<number, string>>();
  for (const scene of scenes) {
    acknowledged.set(scene, new Map([[await scene.produce('before'), 'before']]));
  }
  await begin();
  const refused = await Promise.all(
    scenes.map((scene) => produceUntilRefused(scene, acknowledged.get(scene)!)),
  );
  const read = await Promise.all(scenes.map((scene) => scene.fetch(0)));
  const told = [...refused.flatMap(({ errors }) => errors), ...read.map((one) => one.errorCode)];
  await end();
  const behind = await Promise.all(scenes.map((scene) => scene.produceAtLast('behind')));
  for (const [at, { offset, errors }] of behind.entries()) {
    const scene = scenes[at]!;
    told.push(...errors);
    acknowledged.get(scene)!.set(offset, 'behind');
    check(t, await scene.readAll(), acknowledged.get(scene)!, refused[at]!.values);
  }
  t.ok(
    told.every((error) => error === 0 || retriable.has(error)),
    `clients are told ${[...new Set(told)]}`,
  );
}

t.test('the bookies refuse writes', async (t) => {
  t.teardown(() => setReadOnly(false));
  const format = 'pulsar';
  const first = await Scene.open(t, { writers: 'exclusive', format });
  const second = await first.beside({ writers: 'shared', format });
  await refuse(
    t,
    [first, second],
    () => setReadOnly(true),
    () => setReadOnly(false),
  );
});

t.test('the rights on a namespace are taken away', async (t) => {
  const role = `kopje-${randomUUID()}`;
  const [tenant, metadataTenant] = [`t-${randomUUID()}`, `m-${randomUUID()}`];
  const place = `${tenant}/data`;
  await give('PUT', tenant, role);
  await give('PUT', metadataTenant, role);
  await ask('PUT', `namespaces/${place}`);
  const settings = {
    kafkaTenant: tenant,
    kafkaNamespace: 'data',
    kafkaMetadataTenant: metadataTenant,
    brokerClientAuthenticationPlugin: 'org.apache.pulsar.client.impl.auth.AuthenticationToken',
    brokerClientAuthenticationParameters: `token:${tokenFor(role)}`,
  } as const;
  const first = await Scene.open(t, { writers: 'exclusive', format: 'pulsar', place, settings });
  const second = await first.beside({ writers: 'shared', format: 'pulsar', place });
  await refuse(
    t,
    [first, second],
    async () => {
      await give('POST', tenant, 'nobody');
      // Pulsar asks for rights where something is opened.
      await ask('PUT', `namespaces/${place}/unload`);
    },
    () => give('POST', tenant, role),
  );
});

/** Lets one role do all in a tenant, and nobody else any more. */
function give(method: string, tenant: string, role: string): Promise<void> {
  return ask(method, `tenants/${tenant}`, { adminRoles: [role], allowedClusters: ['standalone'] });
}

/** Asks the admin API, as somebody who may do all. */
async function ask(method: string, path: string, body?: object): Promise<void> {
  const url = `${adminUrl}/admin/v2/${path}`;
  const { status, statusText } = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  if (status >= 300) throw new Error(`${method} ${url}: ${status} ${statusText}`);
}
