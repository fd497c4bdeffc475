// A message that one labeller has is nobody else’s, until its lease is over.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { openMemoryCache } from '../../../connectors/cache/memory.ts';
import { Leases } from '../../../streams/labels/leases.ts';

const cache = openMemoryCache({ entriesMax: 1_000, bytesMax: 1_000_000 });
const leases = new Leases(cache, 60_000);

test('of many who ask at once one gets it, and keeps it', async () => {
  const asking = Array.from({ length: 20 }, (_, index) => leases.take('task', 'm', `labeller ${index}`));
  const taken = await Promise.all(asking);
  assert.deepEqual(taken.indexOf(true), taken.lastIndexOf(true));
  assert.ok(taken.includes(true));
  assert.ok(await leases.take('task', 'm', `labeller ${taken.indexOf(true)}`));
  assert.ok(await leases.take('another task', 'm', 'somebody else'));
});

test('what is settled is nobody’s, not even his who had it', async () => {
  assert.ok(await leases.take('task', 'settled', 'ann'));
  await leases.settle('task', 'settled');
  for (const labeller of ['ann', 'bob']) assert.ok(!(await leases.take('task', 'settled', labeller)));
});

test('a lease ends by itself', async () => {
  const brief = new Leases(cache, 1_000);
  assert.ok(await brief.take('task', 'brief', 'ann'));
  assert.ok(!(await brief.take('task', 'brief', 'bob')));
  await wait(1_100);
  assert.ok(await brief.take('task', 'brief', 'bob'));
});

test('a cache that fails once does not block those who ask next', async () => {
  let fails = true;
  const failing = new Leases(
    {
      get: async (key) => {
        if (fails) throw new Error('down');
        return cache.get(key);
      },
      set: (...entry) => cache.set(...entry),
    },
    1_000,
  );
  await assert.rejects(failing.take('task', 'failed', 'ann'));
  fails = false;
  assert.ok(await failing.take('task', 'failed', 'ann'));
});
