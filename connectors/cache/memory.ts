// The in-process cache: least recently used entries go first, and none outlives its time.
import { LRUCache } from 'lru-cache';
import type { Cache } from '../cache.ts';

export interface MemoryCacheOptions {
  readonly entriesMax: number;
  /** Keys and values together; a value that is larger alone is not kept. */
  readonly bytesMax: number;
}

// What an entry costs beside its bytes: a Buffer object, list and map slots.
const entryOverheadBytes = 200;

export function openMemoryCache({ entriesMax, bytesMax }: MemoryCacheOptions): Cache {
  const entries = new LRUCache<string, Buffer>({
    max: entriesMax,
    maxSize: bytesMax,
    sizeCalculation: (value, key) => value.length + 2 * key.length + entryOverheadBytes,
  });
  return {
    get: async (key) => entries.get(key) ?? null,
    async set(key, value, ttlSeconds) {
      entries.set(key, value, { ttl: Math.max(1, Math.round(ttlSeconds * 1_000)) });
    },
    shed: () => entries.clear(),
    async close() {
      entries.clear();
    },
  };
}
