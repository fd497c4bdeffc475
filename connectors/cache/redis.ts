// The shared cache, in Redis. Redis being down or slow is a miss: nothing waits for it and nothing queues up.
import { Redis } from 'ioredis';
import type { Cache } from '../cache.ts';

export interface RedisCacheOptions {
  /** `redis://[user:password@]host:port[/database]`, or `rediss://` for TLS. */
  readonly url: string;
  /** Put before every key. Default `millrace:`. */
  readonly keyPrefix?: string;
  /** A command that takes longer is a miss, in milliseconds. Default 100. */
  readonly commandMs?: number;
  readonly logger: OutageLogger;
}

/** Told once when an outage begins and once when it ends. */
export interface OutageLogger {
  warn(context: object, message: string): void;
  info(context: object, message: string): void;
}

const reconnectMsMax = 5_000;

/** Opens the cache without waiting for Redis. */
export function openRedisCache(options: RedisCacheOptions): Cache {
  const { url, keyPrefix = 'millrace:', commandMs = 100, logger } = options;
  const redis = new Redis(url, {
    keyPrefix,
    commandTimeout: commandMs,
    connectTimeout: 2_000,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt) => Math.min(50 * 2 ** attempt, reconnectMsMax),
  });
  const outage = new Outage(logger);
  redis.on('error', (error: Error) => outage.begin(error));
  redis.on('ready', () => outage.end());
  const unlessDown = async <Answer>(call: () => Promise<Answer>): Promise<Answer | null> => {
    if (redis.status !== 'ready') return null;
    try {
      return await call();
    } catch (error) {
      outage.begin(error);
      return null;
    }
  };
  return {
    get: (key) => unlessDown(() => redis.getBuffer(key)),
    async set(key, value, ttlSeconds) {
      await unlessDown(() => redis.set(key, value, 'PX', Math.max(1, Math.round(ttlSeconds * 1_000))));
    },
    shed: () => {},
    async close() {
      outage.silence();
      redis.disconnect();
    },
  };
}

class Outage {
  readonly #logger: OutageLogger;
  #since: number | undefined;
  #silent = false;

  constructor(logger: OutageLogger) {
    this.#logger = logger;
  }

  begin(error: unknown): void {
    if (this.#silent || this.#since !== undefined) return;
    this.#since = Date.now();
    this.#logger.warn({ error }, 'Redis does not answer; going on without the shared cache');
  }

  end(): void {
    if (this.#silent || this.#since === undefined) return;
    this.#logger.info({ outageMs: Date.now() - this.#since }, 'Redis answers again');
    this.#since = undefined;
  }

  silence(): void {
    this.#silent = true;
  }
}
