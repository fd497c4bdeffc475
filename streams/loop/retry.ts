// Tries work again while the world is unwell, for as long as it takes: exponential delays with full jitter, capped,
// until it works or the partition is taken away. (Full jitter: M. Brooker, “Exponential Backoff and Jitter”, 2015.)
import { setTimeout as sleep } from 'node:timers/promises';
import { Retryable } from '../../schemas/errors.ts';

export interface RetryOptions {
  readonly delayMs: number;
  readonly delayMaxMs: number;
  /** Ends the tries at once: the last `Retryable` is thrown on, and the work is not begun again. */
  readonly signal: AbortSignal;
  readonly onRetry: (error: Retryable, attempt: number, delayMs: number) => void;
}

export async function retry<T>(work: () => Promise<T>, options: RetryOptions): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Retryable) || options.signal.aborted) throw error;
      const ceilingMs = Math.min(options.delayMaxMs, options.delayMs * 2 ** (attempt - 1));
      const delayMs = Math.ceil(Math.random() * ceilingMs);
      options.onRetry(error, attempt, delayMs);
      await sleep(delayMs, undefined, { signal: options.signal }).catch(() => {});
      if (options.signal.aborted) throw error;
    }
  }
}
