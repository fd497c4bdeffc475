// One request with its retries: what may be asked again is, with pauses that grow and are never in step with others’.
import type { Problem } from './messages.ts';

export interface Exchanging {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Longest wait for an answer, in milliseconds. */
  readonly timeoutMs: number;
  /** Further attempts after the first one. */
  readonly retries: number;
  readonly fetch: typeof fetch;
}

export interface Asked {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

/** The door refused, or could not be reached. */
export class MillraceError extends Error {
  override readonly name = 'MillraceError';
  /** HTTP status; 0 where there was no answer. */
  readonly status: number;
  /** Stable, for programs; `unreachable` where there was no answer. */
  readonly code: string;
  readonly problem: Problem | null;

  constructor(message: string, about: { status: number; code: string; problem?: Problem; cause?: unknown }) {
    super(message, { cause: about.cause });
    this.status = about.status;
    this.code = about.code;
    this.problem = about.problem ?? null;
  }
}

const pauseMs = 100;
const pauseMsMax = 10_000;
/** Too fast, unwell, or a proxy that found nobody: all of them may be over in a moment. */
export const passing: ReadonlySet<number> = new Set([408, 429, 502, 503, 504]);

/**
 * The answer to a request. Asked again after 408, 429, 502, 503, 504 and broken connections; a POST carries the same
 * Idempotency-Key every time, so that nothing is done twice. Throws `MillraceError`, and the signal’s reason.
 */
export async function exchange(asked: Asked, options: Exchanging): Promise<Response> {
  for (let attempt = 0; ; attempt += 1) {
    const { response, failure } = await attemptOf(asked, options);
    if (response?.ok) return response;
    asked.signal?.throwIfAborted();
    const isPassing = response === undefined || passing.has(response.status);
    if (!isPassing || attempt >= options.retries)
      throw response === undefined ? unreachable(options.url, failure) : await refusal(response);
    await pause(waitMs(attempt, response), asked.signal);
    await response?.body?.cancel();
  }
}

async function attemptOf({ method, path, body, headers, signal }: Asked, options: Exchanging) {
  const timeout = AbortSignal.timeout(options.timeoutMs);
  const init: RequestInit = {
    method,
    headers: {
      ...options.headers,
      ...headers,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  };
  try {
    return { response: await options.fetch(`${options.url}${path}`, init), failure: undefined };
  } catch (failure) {
    return { response: undefined, failure };
  }
}

/** What the server asks for, else a random share of a wait that doubles (full jitter). */
function waitMs(attempt: number, response: Response | undefined): number {
  const seconds = Number(response?.headers.get('retry-after') ?? Number.NaN);
  if (seconds >= 0) return Math.min(seconds * 1_000, pauseMsMax) + Math.random() * pauseMs;
  return Math.random() * Math.min(pauseMsMax, pauseMs * 2 ** (attempt + 1));
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      signal?.removeEventListener('abort', abort);
      resolve();
    }
    function abort(): void {
      clearTimeout(timer);
      reject(signal?.reason);
    }
    signal?.addEventListener('abort', abort, { once: true });
  });
}

const unreachable = (url: string, cause: unknown): MillraceError =>
  new MillraceError(`${url} does not answer`, { status: 0, code: 'unreachable', cause });

/** The refusal that a response is. */
export async function refusal(response: Response): Promise<MillraceError> {
  const { status } = response;
  const text = await response.text().catch(() => '');
  const problem = problemIn(text);
  if (problem === null)
    return new MillraceError(`the answer is ${status}`, { status, code: `http-${status}` });
  return new MillraceError(problem.detail, { status, code: problem.code, problem });
}

function problemIn(text: string): Problem | null {
  try {
    const parsed = JSON.parse(text) as Partial<Problem>;
    return typeof parsed.code === 'string' && typeof parsed.detail === 'string' ? (parsed as Problem) : null;
  } catch {
    return null;
  }
}
