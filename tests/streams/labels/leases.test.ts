// A message that one labeller has is nobody else’s, until its lease is over.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { openMemoryCache } from '../../../connectors/cache/memory.ts';
import { Leases } from '../../../streams/labels/leases.ts';

const cache = openMemoryCache({ entriesMax: 1_000, bytesMax: 1_000_000 });
const leases = new Leases(cache, 60_000);
const message = (messageId: string) => ({ tenant: 'default', task: 'task', messageId });

test('of many who ask at once one gets it, and keeps it', async () => {
  const asking = Array.from({ length: 20 }, (_, index) => leases.take(message('m'), `labeller ${index}`));
  const taken = await Promise.all(asking);
  assert.deepEqual(taken.indexOf(true), taken.lastIndexOf(true));
  assert.ok(taken.includes(true));
  assert.ok(await leases.take(message('m'), `labeller ${taken.indexOf(true)}`));
  assert.ok(await leases.take({ ...message('m'), task: 'another task' }, 'somebody else'));
});

test('a message of another tenant with the same id is another message', async () => {
  const acme = { ...message('common'), tenant: 'acme' };
  assert.ok(await leases.take(message('common'), 'ann'));
  assert.ok(await leases.take(acme, 'bob'));
  await leases.settle(acme);
  assert.ok(await leases.take(message('common'), 'ann'));
});

test('what is settled is nobody’s, not even his who had it', async () => {
  assert.ok(await leases.take(message('settled'), 'ann'));
  await leases.settle(message('settled'));
  for (const labeller of ['ann', 'bob']) assert.ok(!(await leases.take(message('settled'), labeller)));
});

test('a lease ends by itself', async () => {
  const brief = new Leases(cache, 1_000);
  assert.ok(await brief.take(message('brief'), 'ann'));
  assert.ok(!(await brief.take(message('brief'), 'bob')));
  await wait(1_100);
  assert.ok(await brief.take(message('brief'), 'bob'));
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
  await assert.rejects(failing.take(message('failed'), 'ann'));
  fails = false;
  assert.ok(await failing.take(message('failed'), 'ann'));
});
