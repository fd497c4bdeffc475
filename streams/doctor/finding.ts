// What the doctor finds out about one thing.

export interface Finding {
  readonly name: string;
  /** `absent`: not there and not needed by this configuration. `failed`: needed, and not working. */
  readonly status: 'ok' | 'absent' | 'failed';
  readonly detail: string;
  /** What to do, where something can be done. */
  readonly fix?: string;
}

/** Finds one thing out; may throw, and may never end. */
export interface Examination {
  readonly name: string;
  readonly timeoutMs: number;
  /** What to do when it throws or does not end. */
  readonly fix: string;
  /** What a failure means; `failed` when absent. */
  readonly otherwise?: 'absent' | 'failed';
  readonly examine: (signal: AbortSignal) => Promise<Omit<Finding, 'name'>>;
}

/** The finding of an examination, in time: what it throws, and its silence, are findings too. */
export async function find({ name, timeoutMs, fix, otherwise, examine }: Examination): Promise<Finding> {
  const timeout = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`no answer within ${timeoutMs / 1_000} s`));
      timeout.abort();
    }, timeoutMs);
  });
  try {
    return { name, ...(await Promise.race([examine(timeout.signal), silence])) };
  } catch (error) {
    return { name, status: otherwise ?? 'failed', detail: reasonOf(error), fix };
  } finally {
    clearTimeout(timer);
  }
}

/** The message of an error and of its innermost cause (`fetch failed` alone says nothing), on one line. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  const inner = cause instanceof AggregateError ? cause.errors[0] : cause;
  const message = inner instanceof Error ? `${error.message}: ${inner.message}` : error.message;
  return message.replace(/\s+/g, ' ').trim();
}
