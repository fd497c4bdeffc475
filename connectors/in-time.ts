// Waiting that ends.
import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for work, but not longer than `timeoutMs`; what is not through by then is left running. Throws what it throws. */
export async function inTime(work: Promise<unknown>, timeoutMs: number): Promise<void> {
  const enough = new AbortController();
  const tooLong = sleep(timeoutMs, undefined, { signal: enough.signal }).catch(() => undefined);
  try {
    await Promise.race([work, tooLong]);
  } finally {
    enough.abort();
  }
}
