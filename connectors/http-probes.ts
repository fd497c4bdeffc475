// The HTTP door for machines: /metrics for Prometheus, /live and /ready for whoever restarts and routes.
// Anyone may know whether it lives and is ready; why not, and all else, is told to callers that the access lets in.
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Misconfigured } from '../schemas/errors.ts';
import { type Access, openAccess } from './access/access.ts';
import { Denial } from './access/caller.ts';
import { isLoopback } from './access/loopback.ts';
import { deny } from './access/problem.ts';
import { createSafeServer, type SafeServerOptions } from './access/safe-server.ts';

/** Reasons why not; an empty list means yes. */
type Reasons = () => readonly string[] | Promise<readonly string[]>;

export interface ProbesOptions extends Partial<SafeServerOptions> {
  /** Who is let in; when absent, whoever is on this machine, and the address has to be a loopback one. */
  readonly access?: Access;
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly metrics: { readonly contentType: string; print(): Promise<string> };
  /** Why no work should be routed here now. */
  readonly notReady: Reasons;
  /** Why the process should be restarted; nothing when absent. */
  readonly notLive?: Reasons;
}

export interface Probes {
  readonly port: number;
  readonly url: string;
  /** Ends idle connections at once and waits for running answers, 2 s at most. */
  close(): Promise<void>;
}

const closeTimeoutMs = 2_000;

const limits: SafeServerOptions = {
  tlsCertFile: null,
  tlsKeyFile: null,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  bodyBytesMax: 1_048_576,
};

/**
 * Starts the server. Throws `Misconfigured` when it cannot listen at host and port (`http-listen`), when strangers could
 * reach it and no access was given (`http-strangers`), or when its certificate cannot be used (`http-tls`).
 */
export async function startProbes(options: ProbesOptions): Promise<Probes> {
  const access = options.access ?? (await localAccess(options.host));
  const server = createSafeServer({ ...limits, ...options }, (request, response) => {
    respond(request, response, options, access).catch(() => {
      if (response.headersSent) response.destroy();
      else answerJson(response, 500, { error: 'internal' });
    });
  });
  const port = await listen(server, options);
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  const scheme = options.tlsCertFile ? 'https' : 'http';
  return { port, url: `${scheme}://${host}:${port}`, close: () => close(server) };
}

const localAccess = (host: string): Promise<Access> =>
  openAccess({ host, open: false, keysFile: null, tokens: null, ratePerSecond: 1 });

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  options: ProbesOptions,
  access: Access,
): Promise<void> {
  const path = (request.url ?? '/').split('?')[0] ?? '/';
  const caller = await access.admit(request.headers, 'read');
  const isStranger = caller instanceof Denial;
  if (isStranger && path !== '/live' && path !== '/ready') deny(response, caller);
  else if (request.method !== 'GET' && request.method !== 'HEAD')
    answerJson(response.setHeader('allow', 'GET, HEAD'), 405, { error: 'method-not-allowed', path });
  else
    await answer(path, options, { response, tellsWhy: !isStranger }).catch((error: unknown) => {
      if (isStranger || response.headersSent) throw error;
      answerJson(response, 500, { error: 'internal', message: messageOf(error) });
    });
}

interface Answering {
  readonly response: ServerResponse;
  readonly tellsWhy: boolean;
}

async function answer(path: string, options: ProbesOptions, to: Answering): Promise<void> {
  const { response } = to;
  if (path === '/metrics') {
    const text = await options.metrics.print();
    response.setHeader('content-type', options.metrics.contentType).end(text);
  } else if (path === '/live') await answerReasons(to, 'live', options.notLive ?? (() => []));
  else if (path === '/ready') await answerReasons(to, 'ready', options.notReady);
  else answerJson(response, 404, { error: 'not-found', path, known: ['/metrics', '/live', '/ready'] });
}

async function answerReasons({ response, tellsWhy }: Answering, state: string, reasonsOf: Reasons) {
  const reasons = await reasonsOf();
  const yes = reasons.length === 0;
  answerJson(response, yes ? 200 : 503, {
    status: yes ? state : `not-${state}`,
    ...(tellsWhy ? { reasons } : {}),
  });
}

function answerJson(response: ServerResponse, status: number, body: unknown): void {
  response
    .writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    .end(`${JSON.stringify(body)}\n`);
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const listenTrouble: Readonly<Record<string, readonly [string, string]>> = {
  EADDRINUSE: [
    'the port is in use',
    'Stop what uses it, or set HTTP_PORT to another port (0 takes any free one).',
  ],
  EACCES: ['this user may not listen there', 'Set HTTP_PORT to a port above 1023.'],
  EADDRNOTAVAIL: ['this machine has no such address', 'Set HTTP_HOST to an address of this machine.'],
  ENOTFOUND: ['there is no such host', 'Set HTTP_HOST to an address of this machine.'],
};

function listen(server: Server, { host, port }: ProbesOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    const refuse = (error: NodeJS.ErrnoException): void => {
      const [why, fix] = listenTrouble[error.code ?? ''] ?? [error.message, 'Set HTTP_HOST and HTTP_PORT.'];
      const message = `Cannot serve /metrics at ${host}:${port}: ${why}.`;
      reject(new Misconfigured(message, { code: 'http-listen', fix, cause: error }));
    };
    server.once('error', refuse);
    server.listen({ host, port }, () => {
      server.off('error', refuse);
      const address = server.address();
      if (typeof address === 'object' && address && isLoopback(host) && !isLoopback(address.address)) {
        server.close();
        reject(notLocal(host, address.address));
        return;
      }
      resolve(typeof address === 'object' && address ? address.port : port);
    });
  });
}

const notLocal = (host: string, address: string): Misconfigured =>
  new Misconfigured(`${host} leads to ${address}, which others can reach`, {
    code: 'http-strangers',
    fix: 'Set HTTP_HOST to 127.0.0.1.',
  });

function close(server: Server): Promise<void> {
  const timer = setTimeout(() => server.closeAllConnections(), closeTimeoutMs);
  return new Promise((resolve) => {
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    server.closeIdleConnections();
  });
}
