/**
 * A process of its own for the tests that kill one: `holder <directory> <ids|topics> <count>` holds
 * a data directory, asks for producer ids or makes topics, and says each once it has it.
 */
import { DirectoryLocked } from '../../../engine/catalog/directory-lock.js';
import { openCatalog } from './open-catalog.js';

const [path = '', kind = 'ids', count = '0'] = process.argv.slice(2);
try {
  const { catalog } = await openCatalog(path);
  process.stdout.write('holding\n');
  // Keeps the process alive until it is killed.
  setInterval(() => undefined, 60_000);
  for (let made = 0; made < Number(count); made++) {
    if (kind === 'ids') {
      process.stdout.write(`${await catalog.producerIds.next()}\n`);
    } else {
      const name = `topic-${process.pid}-${made}`;
      const topic = await catalog.createTopic({ name, partitions: 2, overrides: new Map() });
      process.stdout.write(`${name} ${topic.id}\n`);
    }
  }
} catch (error) {
  if (!(error instanceof DirectoryLocked)) throw error;
  process.stdout.write(`${error.message}\n`);
  process.exitCode = 3;
}
