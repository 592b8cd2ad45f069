import t from 'tap';
import { allocateRing, RingConsumer, RingProducer, wordAt } from '../../../workers/ring/ring.js';
import fc from '../../fast-check.js';

t.test('keeps order and loses nothing, however the sides take turns', (t) => {
  const turns = fc.array(fc.tuple(fc.nat(9), fc.nat(9)), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(turns, (steps) => {
      const memory = allocateRing(4);
      const producer = new RingProducer(memory);
      const consumer = new RingConsumer(memory);
      let sent = 0;
      let received = 0;
      for (const [puts, takes] of steps) {
        for (let put = 0; put < puts; put++) {
          const at = producer.claim();
          if (at === -1) {
            if (producer.depth !== 4) return false;
            break;
          }
          producer.words[wordAt(at)] = sent++;
          producer.publish();
        }
        for (let take = 0; take < takes; take++) {
          const at = consumer.peek();
          if (at === -1) break;
          if (consumer.words[wordAt(at)] !== received++) return false;
          consumer.advance();
        }
      }
      return sent - received === producer.depth;
    }),
  );
  t.end();
});

t.test('goes on when the counters wrap around', (t) => {
  const memory = allocateRing(2);
  // Both counters stand right before the wrap.
  const head = new Int32Array(memory, 0, 32);
  head[0] = 0x7fff_ffff;
  head[16] = 0x7fff_ffff;
  const producer = new RingProducer(memory);
  const consumer = new RingConsumer(memory);
  for (let value = 0; value < 5; value++) {
    const at = producer.claim();
    t.not(at, -1);
    producer.words[wordAt(at)] = value;
    producer.publish();
    const taken = consumer.peek();
    t.equal(consumer.words[wordAt(taken)], value);
    consumer.advance();
  }
  t.equal(consumer.peek(), -1);
  t.end();
});

t.test('takes only powers of two', (t) => {
  t.throws(() => allocateRing(3), RangeError);
  t.throws(() => allocateRing(1), RangeError);
  t.end();
});
