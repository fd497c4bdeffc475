// Token buckets, one for each caller: a second's worth may come at once, then as many as flow in.

/** Callers that are remembered; the one that was silent longest is forgotten first. */
const bucketsMax = 10_000;

interface Bucket {
  tokens: number;
  /** Milliseconds of a clock that never goes back. */
  at: number;
}

export class RateLimit {
  readonly #buckets = new Map<string, Bucket>();
  readonly #monotonicMs: () => number;

  constructor(monotonicMs: () => number = () => performance.now()) {
    this.#monotonicMs = monotonicMs;
  }

  get size(): number {
    return this.#buckets.size;
  }

  /** Takes one request of a caller: 0 when it may pass, else the whole seconds after which the next one may. */
  take(id: string, ratePerSecond: number): number {
    const now = this.#monotonicMs();
    const capacity = Math.max(1, ratePerSecond);
    const bucket = this.#buckets.get(id) ?? { tokens: capacity, at: now };
    bucket.tokens = Math.min(capacity, bucket.tokens + ((now - bucket.at) / 1_000) * ratePerSecond);
    bucket.at = now;
    this.#buckets.delete(id);
    this.#buckets.set(id, bucket);
    if (this.#buckets.size > bucketsMax) this.#buckets.delete(this.#buckets.keys().next().value!);
    if (bucket.tokens < 1) return Math.max(1, Math.ceil((1 - bucket.tokens) / ratePerSecond));
    bucket.tokens -= 1;
    return 0;
  }
}
