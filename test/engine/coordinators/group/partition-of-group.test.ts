import t from 'tap';
import {
  javaHashCode,
  partitionOfGroup,
} from '../../../../engine/coordinators/group/partition-of-group.js';

t.test('hashes as Java does', (t) => {
  // From `"…".hashCode()` in a JVM.
  t.equal(javaHashCode(''), 0);
  t.equal(javaHashCode('a'), 97);
  t.equal(javaHashCode('my-group'), -1906497762);
  t.equal(javaHashCode('polygenelubricants'), -2147483648);
  t.equal(javaHashCode('größe-😀'), 175616671);
  t.end();
});

t.test('takes the absolute value, and 0 of the one number that has none', (t) => {
  t.equal(partitionOfGroup('polygenelubricants', 50, 'kafka'), 0);
  t.equal(partitionOfGroup('größe-😀', 50, 'kafka'), 21);
  t.equal(partitionOfGroup('my-group', 50, 'kafka'), 12);
  t.end();
});
