// Refusals as RFC 9457 problem details, the same for every door.
import type { ServerResponse } from 'node:http';
import type { Denial } from './caller.ts';

const titles: Readonly<Record<Denial['status'], string>> = {
  401: 'Who are you?',
  403: 'Not allowed',
  413: 'The body is too large',
  429: 'Too many requests',
  503: 'Cannot tell who you are now',
};

export interface Problem {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Status, headers and body of a refusal; any server can send them. */
export function problemOf({ status, code, detail, retryAfterSeconds }: Denial): Problem {
  return {
    status,
    headers: {
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      ...(status === 401 ? { 'www-authenticate': 'Bearer realm="millrace"' } : {}),
      ...(retryAfterSeconds === null ? {} : { 'retry-after': String(retryAfterSeconds) }),
    },
    body: `${JSON.stringify({ type: `urn:millrace:problem:${code}`, title: titles[status], status, detail, code })}\n`,
  };
}

/** Ends a response with a refusal. */
export function deny(response: ServerResponse, denial: Denial): void {
  const { status, headers, body } = problemOf(denial);
  response.writeHead(status, headers).end(body);
}
