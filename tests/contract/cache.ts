// What every cache must do.
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cache } from '../../connectors/cache.ts';

export function describeCache(name: string, open: () => Promise<Cache>): void {
  describe(`cache contract: ${name}`, { timeout: 60_000 }, () => {
    let cache: Cache;
    before(async () => {
      cache = await open();
    });
    after(() => cache.close());

    it('misses what was never set', async () => {
      assert.equal(await cache.get(randomUUID()), null);
    });

    it('returns the bytes that were set, whatever they are', async () => {
      for (const value of [Buffer.alloc(0), Buffer.from([0, 255, 10, 13]), randomBytes(100_000)]) {
        const key = randomUUID();
        await cache.set(key, value, 60);
        assert.deepEqual(await cache.get(key), value);
      }
    });

    it('keeps the latest value of a key', async () => {
      const key = 'ключ with spaces and 🚂';
      await cache.set(key, Buffer.from('one'), 60);
      await cache.set(key, Buffer.from('two'), 60);
      assert.equal(String(await cache.get(key)), 'two');
    });

    it('forgets a value when its time is over', async () => {
      const key = randomUUID();
      await cache.set(key, Buffer.from('short'), 0.05);
      for (let waited = 0; (await cache.get(key)) !== null; waited += 20) {
        assert.ok(waited < 10_000, 'the value is still there');
        await sleep(20);
      }
    });
  });
}
