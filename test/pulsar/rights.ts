/** Who may do what at the tests' Pulsar: who says nothing may do all, whoever comes with a token what that one may. */
import { createHmac } from 'node:crypto';

const secret = Buffer.alloc(32, 'of the tests alone');
const everybody = 'everybody';

/** Settings of the broker. */
export const rightsSettings = {
  authenticationEnabled: 'true',
  authorizationEnabled: 'true',
  authenticationProviders: 'org.apache.pulsar.broker.authentication.AuthenticationProviderToken',
  tokenSecretKey: `data:;base64,${secret.toString('base64')}`,
  anonymousUserRole: everybody,
  superUserRoles: everybody,
};

/** A JWT that never expires. */
export function tokenFor(role: string): string {
  const packed = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const signed = `${packed({ alg: 'HS256' })}.${packed({ sub: role })}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}
