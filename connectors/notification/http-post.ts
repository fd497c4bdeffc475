// One POST of JSON to an address that an operator named: taken, later, or never.
import { Retryable } from '../../schemas/errors.ts';
import { NotificationRefused } from './channel.ts';

export interface Post {
  readonly url: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Name of the channel, for messages: addresses may be secrets. */
  readonly channel: string;
}

/** Longest part of an answer that goes into a message, in characters. */
const shownMax = 300;

/** Answers of the 4xx kind that a later try may change. */
const passing = new Set([408, 421, 425, 429]);

/** Resolves on 2xx. Redirects are refused: what is sent is for the address that was named. */
export async function post({ url, body, headers, timeoutMs, signal, channel }: Post): Promise<void> {
  const response = await request({ url, body, headers: headers ?? {}, timeoutMs, signal, channel });
  const { status } = response;
  if (response.ok) {
    await response.body?.cancel();
    return;
  }
  const said = (await response.text().catch(() => '')).slice(0, shownMax);
  const what = `${channel} answered ${status}${said === '' ? '' : `: ${said}`}`;
  if (status < 500 && !passing.has(status)) throw new NotificationRefused(what);
  const retryAfterMs = waitOf(response.headers.get('retry-after'));
  throw new Retryable(what, {
    code: `notification-${status}`,
    context: retryAfterMs === null ? {} : { retryAfterMs },
  });
}

async function request({
  url,
  body,
  headers,
  timeoutMs,
  signal,
  channel,
}: Required<Post>): Promise<Response> {
  try {
    return await fetch(url, {
      method: 'POST',
      body,
      redirect: 'manual',
      headers: { 'content-type': 'application/json', 'user-agent': 'millrace', ...headers },
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
  } catch (error) {
    const { name, cause } = error as Error;
    const why = name === 'TimeoutError' ? `no answer within ${timeoutMs} ms` : reasonOf(cause ?? error);
    throw new Retryable(`${channel} cannot be reached: ${why}`, { code: 'notification-unreachable' });
  }
}

// Not the whole message: it may hold the address, and that may be a secret.
const reasonOf = (cause: unknown): string =>
  cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : 'no connection';

/** `Retry-After` in milliseconds: seconds, or a date of which the time from now is not known here. */
function waitOf(header: string | null): number | null {
  if (header === null || !/^\d+$/.test(header.trim())) return null;
  return Number(header) * 1_000;
}
