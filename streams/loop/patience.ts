// Waiting that ends.
import { Retryable } from '../../schemas/errors.ts';

/** What `work` gives, if it gives it in time. Throws `Retryable` (`too-slow`) when it does not; it is left running. */
export async function within<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooSlow = new Promise<never>((_, reject) => {
    const error = new Retryable(`no answer within ${timeoutMs} ms`, { code: 'too-slow' });
    timer = setTimeout(reject, timeoutMs, error);
  });
  try {
    return await Promise.race([work, tooSlow]);
  } finally {
    clearTimeout(timer);
  }
}
