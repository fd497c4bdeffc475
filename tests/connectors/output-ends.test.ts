// Ends travel through commit metadata and say what has to be read back after a crash.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ends } from '../../connectors/output-ends.ts';

test('ends survive the metadata of a commit', () => {
  const ends = new Ends();
  ends.set({ topic: 'scores', partition: 2, end: 123_456_789 });
  ends.set({ topic: 'dead-letters', partition: 0, end: 1 });
  const parsed = Ends.parse(ends.print());
  assert.ok(parsed);
  assert.equal(parsed.distanceFrom(ends), 0);
  assert.equal(ends.distanceFrom(parsed), 0);
  assert.equal(ends.print(), 'scores:0,0,21i3v9;dead-letters:1');
});

test('metadata that another program wrote is no journal', () => {
  for (const text of ['', '{"end":5}', 'topic', 'a:b:c', 'scores:'])
    assert.equal(Ends.parse(text), null, text);
});

test('the gap is exactly what grew since', () => {
  const journalled = new Ends();
  journalled.set({ topic: 'scores', partition: 0, end: 10 });
  journalled.set({ topic: 'scores', partition: 1, end: 20 });
  const now = journalled.copy();
  now.advance({ topic: 'scores', partition: 1, baseOffset: 20, count: 5 });
  now.advance({ topic: 'predictions', partition: 3, baseOffset: 0, count: 2 });
  const gaps = journalled.gapsTo(now);
  assert.deepEqual([...gaps.keys()], ['scores', 'predictions']);
  assert.deepEqual([...gaps.get('scores')!.from], [[1, 20]]);
  assert.deepEqual([...gaps.get('scores')!.to], [[1, 25]]);
  assert.deepEqual([...gaps.get('predictions')!.from], [[3, 0]]);
  assert.equal(now.distanceFrom(journalled), 7);
});

test('an end never goes back', () => {
  const ends = new Ends();
  ends.set({ topic: 'scores', partition: 0, end: 10 });
  ends.set({ topic: 'scores', partition: 0, end: 4 });
  assert.equal(ends.print(), 'scores:a');
});
