/** A certificate that a test makes for itself, because Node makes none and no key belongs into the repository. */
import { createSign, generateKeyPairSync } from 'node:crypto';

const tag = { integer: 0x02, bits: 0x03, octets: 0x04, oid: 0x06, text: 0x0c, time: 0x17 } as const;
const sequence = 0x30;
const set = 0x31;
const ecdsaWithSha256 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
const commonName = [0x55, 0x04, 0x03];
const alternativeNames = [0x55, 0x1d, 0x11];
/** `[0]` and `[3]` of a certificate, and `[2]`, a DNS name. */
const version = 0xa0;
const extensions = 0xa3;
const dnsName = 0x82;

/** A value in DER. */
function der(kind: number, ...parts: (Uint8Array | readonly number[] | string)[]): Buffer {
  const content = Buffer.concat(parts.map((part) => Buffer.from(part as Uint8Array)));
  const { length } = content;
  const size = length < 0x80 ? [length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([kind, ...size]), content]);
}

/** Key and certificate in PEM of a server of this name, signed by itself and valid from 2020 to 2049. */
export function certificateOf(host: string): { key: string; cert: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = der(sequence, der(tag.oid, ecdsaWithSha256));
  const name = der(
    sequence,
    der(set, der(sequence, der(tag.oid, commonName), der(tag.text, host))),
  );
  const names = der(sequence, der(dnsName, host));
  const unsigned = der(
    sequence,
    der(version, der(tag.integer, [2])),
    der(tag.integer, [1]),
    algorithm,
    name,
    der(sequence, der(tag.time, '200101000000Z'), der(tag.time, '491231235959Z')),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(
      extensions,
      der(sequence, der(sequence, der(tag.oid, alternativeNames), der(tag.octets, names))),
    ),
  );
  const signature = createSign('sha256').update(unsigned).sign(privateKey);
  const signed = der(sequence, unsigned, algorithm, der(tag.bits, [0], signature));
  const cert = `-----BEGIN CERTIFICATE-----\n${signed.toString('base64')}\n-----END CERTIFICATE-----\n`;
  return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string, cert };
}
