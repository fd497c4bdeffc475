// A second start of the demo finds the first one’s samples, and the minute that they were shifted in.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { loadSamples, readEarlier, recordOf, shiftTimeFrom } from '../../../streams/demo/samples.ts';
import { openSubject, type Subject } from '../drift/subject.ts';

let subject: Subject;
before(async () => {
  subject = await openSubject();
});
after(() => subject.close());

test('the shifted minute is found again from whatever was published', async () => {
  const samples = await loadSamples();
  const nothing = await readEarlier(subject.stack, samples);
  assert.deepEqual([nothing.ids.size, nothing.shiftTime], [0, null]);
  const shiftTime = shiftTimeFrom(subject.stack.now());
  const published = samples.all.filter(({ set }, index) => set === 'comments' && index % 50 === 7);
  const records = published.map((sample) => recordOf(sample, shiftTime, subject.stack.now()));
  await subject.stack.log.publish([{ topic: 'comments', records }]);
  const earlier = await readEarlier(subject.stack, samples);
  assert.equal(earlier.ids.size, published.length);
  assert.equal(earlier.shiftTime, shiftTime);
});
