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
    const { address, authorization } = withoutCredentials(url);
    return await fetch(address, {
      method: 'POST',
      body,
      redirect: 'manual',
      headers: { 'content-type': 'application/json', 'user-agent': 'millrace', ...authorization, ...headers },
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
  } catch (error) {
    const { name, cause } = error as Error;
    const why = name === 'TimeoutError' ? `no answer within ${timeoutMs} ms` : reasonOf(cause ?? error);
    throw new Retryable(`${channel} cannot be reached: ${why}`, { code: 'notification-unreachable' });
  }
}

/** `fetch` takes no address with a user and a password in it: they are Basic authentication (RFC 7617), as curl sends them. */
function withoutCredentials(url: string): {
  readonly address: URL;
  readonly authorization: Readonly<Record<string, string>>;
} {
  const address = new URL(url);
  const { username, password } = address;
  if (username === '' && password === '') return { address, authorization: {} };
  address.username = '';
  address.password = '';
  const credentials = Buffer.from(`${plain(username)}:${plain(password)}`).toString('base64');
  return { address, authorization: { authorization: `Basic ${credentials}` } };
}

/** Text of a part of an address; a per cent sign that encodes nothing stands for itself. */
const plain = (part: string): string => {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
};

// Not the whole message: it may hold the address, and that may be a secret.
const reasonOf = (cause: unknown): string =>
  cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : 'no connection';

/** `Retry-After` in milliseconds: seconds, or a date of which the time from now is not known here. */
function waitOf(header: string | null): number | null {
  if (header === null || !/^\d+$/.test(header.trim())) return null;
  return Number(header) * 1_000;
}
