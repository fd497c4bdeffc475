// Keys go where Kafka’s clients send them, and members get the partitions they should.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { it } from 'node:test';
import { assignPartitions } from '../../../connectors/embedded-log/assignment.ts';
import { murmur2 } from '../../../connectors/embedded-log/partitioner.ts';

it('hashes keys of every length as kafkajs does', () => {
  const theirs = createRequire(import.meta.url)('kafkajs/src/producer/partitioners/default/murmur2') as (
    key: Buffer,
  ) => number;
  for (let length = 0; length <= 300; length++) {
    const key = createHash('shake256', { outputLength: length || 1 })
      .update(`${length}`)
      .digest()
      .subarray(0, length);
    assert.equal(murmur2(key), theirs(key), `${length} bytes`);
  }
});

it('shares partitions in turn, past members that did not ask for the topic', () => {
  const member = (...topics: string[]) => ({ topics: new Set(topics) });
  const [both, other, onlyB] = [member('a', 'b'), member('a', 'b'), member('b')];
  const places = ['a', 'b'].flatMap((topic) => [0, 1, 2, 3].map((partition) => ({ topic, partition })));
  const assigned = assignPartitions(places, [both, other, onlyB]);
  const countOf = (one: object): number => [...assigned.values()].filter((owner) => owner === one).length;
  assert.deepEqual([assigned.size, countOf(both) + countOf(other) + countOf(onlyB)], [8, 8]);
  assert.ok([both, other].every((one) => countOf(one) >= 2 && countOf(one) <= 4));
  assert.ok(
    countOf(onlyB) >= 1 &&
      places.slice(0, 4).every(({ partition }) => assigned.get(`a/${partition}`) !== onlyB),
  );
  assert.deepEqual(assignPartitions(places, [both, other, onlyB]), assigned);
  assert.equal(assignPartitions(places, []).size, 0);
});
