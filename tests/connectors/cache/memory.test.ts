// The in-process cache: the contract, and its bounds.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openMemoryCache } from '../../../connectors/cache/memory.ts';
import { describeCache } from '../../contract/cache.ts';

describeCache('memory', async () => openMemoryCache({ entriesMax: 1_000, bytesMax: 1_000_000 }));

async function kept(cache: ReturnType<typeof openMemoryCache>, count: number): Promise<number> {
  const values = await Promise.all(Array.from({ length: count }, (_, n) => cache.get(`k${n}`)));
  return values.filter((value) => value !== null).length;
}

describe('the in-process cache', () => {
  it('holds no more entries than it may, and the latest ones', async () => {
    const cache = openMemoryCache({ entriesMax: 10, bytesMax: 1_000_000 });
    for (let n = 0; n < 100; n++) await cache.set(`k${n}`, Buffer.from('v'), 60);
    assert.equal(await kept(cache, 100), 10);
    assert.ok(await cache.get('k99'));
  });

  it('holds no more bytes than it may, and nothing that is too large alone', async () => {
    const cache = openMemoryCache({ entriesMax: 1_000, bytesMax: 50_000 });
    for (let n = 0; n < 100; n++) await cache.set(`k${n}`, Buffer.alloc(5_000), 60);
    assert.ok((await kept(cache, 100)) < 10);
    await cache.set('giant', Buffer.alloc(60_000), 60);
    assert.equal(await cache.get('giant'), null);
    assert.ok((await kept(cache, 100)) > 0);
  });
});

describe('a cache that sheds', () => {
  it('lets go of everything and goes on', async () => {
    const cache = openMemoryCache({ entriesMax: 10, bytesMax: 1_000_000 });
    for (let n = 0; n < 5; n++) await cache.set(`k${n}`, Buffer.from('v'), 60);
    cache.shed();
    assert.equal(await kept(cache, 5), 0);
    await cache.set('k0', Buffer.from('v'), 60);
    assert.equal(await kept(cache, 5), 1);
  });
});
