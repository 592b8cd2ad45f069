/**
 * Produces one record and consumes it again: `node docs/first-message.mjs 127.0.0.1:9092`.
 * Any Kafka client would do; this one is among the packages that `npm start` has installed.
 */
import { Kafka, logLevel } from 'kafkajs';

const [address = '127.0.0.1:9092'] = process.argv.slice(2);
const topic = 'first-message';
const kafka = new Kafka({ clientId: 'first', brokers: [address], logLevel: logLevel.ERROR });

const producer = kafka.producer();
await producer.connect();
const [stored] = await producer.send({
  topic,
  messages: [{ key: 'greeting', value: 'hello from Kopje' }],
});
await producer.disconnect();

const consumer = kafka.consumer({ groupId: `first-${process.pid}` });
await consumer.connect();
await consumer.subscribe({ topic, fromBeginning: true });
await new Promise((resolve) => {
  consumer.run({
    eachMessage: async ({ partition, message }) => {
      if (message.offset !== stored?.baseOffset) return;
      const { offset, key, value } = message;
      process.stdout.write(`consumed "${value}" with key "${key}" from ${topic}`);
      process.stdout.write(`, partition ${partition}, offset ${offset}\n`);
      resolve(undefined);
    },
  });
});
await consumer.disconnect();
