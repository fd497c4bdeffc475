// Two caches as one: the near one is asked first and filled from the far one.
import type { Cache } from '../cache.ts';

// The far cache holds 8 bytes of expiry (ms since 1970) before each value, so that what is copied into the near
// one expires when the original does.
const expiryBytes = 8;

/** Closes both when it is closed. */
export function openTieredCache(near: Cache, far: Cache, now: () => number = Date.now): Cache {
  return {
    async get(key) {
      const close = await near.get(key);
      if (close) return close;
      const framed = await far.get(key);
      if (!framed || framed.length < expiryBytes) return null;
      const leftMs = framed.readDoubleBE(0) - now();
      if (!(leftMs > 0)) return null;
      const value = framed.subarray(expiryBytes);
      await near.set(key, value, leftMs / 1_000);
      return value;
    },
    async set(key, value, ttlSeconds) {
      const framed = Buffer.allocUnsafe(expiryBytes + value.length);
      framed.writeDoubleBE(now() + ttlSeconds * 1_000, 0);
      framed.set(value, expiryBytes);
      await Promise.all([near.set(key, value, ttlSeconds), far.set(key, framed, ttlSeconds)]);
    },
    shed: () => near.shed(),
    async close() {
      await Promise.all([near.close(), far.close()]);
    },
  };
}
