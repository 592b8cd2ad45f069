import { createServer } from 'node:net';
import { type Address, formatAddress, formatListener } from '../../config/listener.js';
import type { Settings } from '../../config/schema.js';
import type { Finding } from '../finding.js';

const advice: Readonly<Record<string, string>> = {
  EADDRINUSE: 'stop the process that listens there, or choose another port',
  EADDRNOTAVAIL: 'use an address of this machine, or 0.0.0.0 with kafkaAdvertisedListeners',
  EACCES: 'ports below 1024 need privileges: choose a higher one',
  ENOTFOUND: 'use an address, or a name that this machine can resolve',
};

/** Whether each listener could bind its address. */
export async function checkPorts(settings: Settings): Promise<Finding[]> {
  const { kafkaListeners, httpListener } = settings;
  const findings: Finding[] = [];
  for (const listener of kafkaListeners) {
    findings.push(await checkPort(listener, formatListener(listener), 'kafkaListeners'));
  }
  if (httpListener !== null) {
    const address = `http://${formatAddress(httpListener)}`;
    findings.push(await checkPort(httpListener, address, 'httpListener'));
  }
  return findings;
}

function checkPort({ host, port }: Address, address: string, setting: string): Promise<Finding> {
  const subject = 'listener';
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', ({ code = '', message }: NodeJS.ErrnoException) => {
      const text = `${address} cannot be bound: ${message}`;
      const hint = advice[code] ?? `choose another address in ${setting}`;
      resolve({ level: 'problem', subject, text, advice: hint });
    });
    server.listen({ host, port, exclusive: true }, () => {
      server.close(() => resolve({ level: 'ok', subject, text: `${address} is free` }));
    });
  });
}
