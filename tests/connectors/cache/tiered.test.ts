// Two caches as one, and a Redis that is not there.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openMemoryCache } from '../../../connectors/cache/memory.ts';
import { openRedisCache } from '../../../connectors/cache/redis.ts';
import { openTieredCache } from '../../../connectors/cache/tiered.ts';
import { describeCache } from '../../contract/cache.ts';

const memory = () => openMemoryCache({ entriesMax: 100, bytesMax: 1_000_000 });

describeCache('tiered', async () => openTieredCache(memory(), memory()));

describe('a tiered cache', () => {
  it('fills the near cache from the far one, for the time that is left', async () => {
    const far = memory();
    let now = 1_000_000;
    const clock = () => now;
    await openTieredCache(memory(), far, clock).set('k', Buffer.from('v'), 300);
    const near = memory();
    const other = openTieredCache(near, far, clock);
    now += 299_000;
    assert.equal(String(await other.get('k')), 'v');
    assert.equal(String(await near.get('k')), 'v');
    now += 1_000;
    assert.equal(await openTieredCache(memory(), far, clock).get('k'), null);
  });

  it('works on without its far half', async () => {
    const warnings: string[] = [];
    const logger = { warn: (_: object, message: string) => void warnings.push(message), info: () => {} };
    const far = openRedisCache({ url: 'redis://127.0.0.1:1', logger });
    const cache = openTieredCache(memory(), far);
    for (let n = 0; n < 50; n++) {
      await cache.set(`k${n}`, Buffer.from('v'), 60);
      assert.equal(String(await cache.get(`k${n}`)), 'v');
      assert.equal(await cache.get('absent'), null);
      if (warnings.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.equal(warnings.length, 1, 'one line for one outage');
    await cache.close();
  });
});
