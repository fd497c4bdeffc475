// The HTTP door for machines: /metrics for Prometheus, /live and /ready for whoever restarts and routes.
import { createServer, type Server, type ServerResponse } from 'node:http';
import { Misconfigured } from '../schemas/errors.ts';

/** Reasons why not; an empty list means yes. */
type Reasons = () => readonly string[] | Promise<readonly string[]>;

export interface ProbesOptions {
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

/** Starts the server. Throws `Misconfigured` when it cannot listen at host and port. */
export async function startProbes(options: ProbesOptions): Promise<Probes> {
  const server = createServer((request, response) => {
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      answerJson(response.setHeader('allow', 'GET, HEAD'), 405, { error: 'method-not-allowed', path });
      return;
    }
    answer(path, options, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else answerJson(response, 500, { error: 'internal', message: messageOf(error) });
    });
  });
  const port = await listen(server, options);
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  return { port, url: `http://${host}:${port}`, close: () => close(server) };
}

async function answer(path: string, options: ProbesOptions, response: ServerResponse): Promise<void> {
  if (path === '/metrics') {
    const text = await options.metrics.print();
    response.setHeader('content-type', options.metrics.contentType).end(text);
  } else if (path === '/live') await answerReasons(response, 'live', options.notLive ?? (() => []));
  else if (path === '/ready') await answerReasons(response, 'ready', options.notReady);
  else answerJson(response, 404, { error: 'not-found', path, known: ['/metrics', '/live', '/ready'] });
}

async function answerReasons(response: ServerResponse, state: string, reasonsOf: Reasons): Promise<void> {
  const reasons = await reasonsOf();
  const status = reasons.length === 0 ? 200 : 503;
  answerJson(response, status, { status: reasons.length === 0 ? state : `not-${state}`, reasons });
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
      resolve(typeof address === 'object' && address ? address.port : port);
    });
  });
}

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
