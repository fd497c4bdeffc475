// The cache contract on a real Redis (REDIS_URL), and what happens when it comes and goes.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openMemoryCache } from '../../connectors/cache/memory.ts';
import { openRedisCache } from '../../connectors/cache/redis.ts';
import { openTieredCache } from '../../connectors/cache/tiered.ts';
import type { Cache } from '../../connectors/cache.ts';
import { describeCache } from '../contract/cache.ts';
import { redisUrl } from './addresses.ts';
import { openGate } from './gate.ts';

const silent = { warn: () => {}, info: () => {} };
const keyPrefix = `test-${randomUUID()}:`;

async function reached(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let waited = 0; !(await condition()); waited += 20) {
    assert.ok(waited < 20_000, `waited in vain for ${condition}`);
    await sleep(20);
  }
}

// Redis is not waited for: until the connection stands, every read is a miss.
async function connected(cache: Cache): Promise<Cache> {
  await reached(async () => {
    await cache.set('probe', Buffer.from('there'), 60);
    return (await cache.get('probe')) !== null;
  });
  return cache;
}

const redis = () =>
  connected(openRedisCache({ url: redisUrl(), keyPrefix, commandMs: 5_000, logger: silent }));

describeCache('Redis', redis);
describeCache('memory over Redis', async () =>
  openTieredCache(openMemoryCache({ entriesMax: 100, bytesMax: 1_000_000 }), await redis()),
);

describe('a Redis that comes and goes', () => {
  it('is a miss while it is away, logged once, and used again when it is back', async () => {
    const gate = await openGate(redisUrl());
    const lines: string[] = [];
    const note = (_: object, message: string) => void lines.push(message);
    const logger = { warn: note, info: note };
    const cache = openRedisCache({ url: gate.url, keyPrefix, commandMs: 5_000, logger });
    await connected(cache);
    await cache.set('kept', Buffer.from('v'), 60);
    gate.shut();
    for (let n = 0; n < 100; n++) {
      await cache.set('lost', Buffer.from('v'), 60);
      await cache.get('kept');
    }
    await reached(() => lines.length > 0);
    assert.equal(await cache.get('kept'), null);
    gate.open();
    await reached(async () => (await cache.get('kept')) !== null);
    assert.deepEqual(lines, [
      'Redis does not answer; going on without the shared cache',
      'Redis answers again',
    ]);
    await cache.close();
    await gate.close();
  });
});
