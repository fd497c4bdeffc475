// The door's application: hooks in the order in which a request meets them, then the routes.
import { randomUUID } from 'node:crypto';
import { type Server, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { fastifyCors } from '@fastify/cors';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import type { Access } from '../access/access.ts';
import { createSafeServer, type SafeServerOptions } from '../access/safe-server.ts';
import type { Logger } from '../logger.ts';
import type { Metrics } from '../metrics.ts';
import { admitCallers, requestIdOf } from './admission.ts';
import { addAnalyzeRoute } from './analyze-route.ts';
import { readBodies } from './bodies.ts';
import { limitTime } from './deadline.ts';
import { honourIdempotencyKeys } from './idempotency.ts';
import { addInferenceRoutes } from './inference-routes.ts';
import { addLabelRoutes } from './label-routes.ts';
import { type InFlight, measureRequests } from './measuring.ts';
import { addMessageRoutes } from './message-routes.ts';
import { describeRoutes } from './openapi.ts';
import type { DoorRequests, ModelRequests } from './parts.ts';
import { addProbeRoutes, type ProbeOptions } from './probe-routes.ts';
import { answerOf, HttpProblem, problemFor } from './problem.ts';
import { addStreamRoute } from './stream-route.ts';
import { TopicFeed } from './topic-feed.ts';

interface AppOptions extends SafeServerOptions, Omit<ProbeOptions, 'metrics'> {
  readonly access: Access;
  readonly metrics: Metrics;
  readonly logger: Logger | null;
  readonly inFlight: InFlight;
  readonly requests: DoorRequests | null;
  readonly isDraining: () => boolean;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Answered until the very end, also while the process drains. */
    probe?: boolean;
    /** Goes on for as long as its client likes. */
    lasting?: boolean;
  }
}

interface App {
  readonly app: FastifyInstance;
  /** Tells every listener of events that it is over. */
  readonly endStreams: (reason: string) => void;
}

/** An application that does not listen yet. Throws `Misconfigured` (`http-tls`). */
export async function openApp(options: AppOptions): Promise<App> {
  const { requests, metrics } = options;
  const app = newApp(options);
  // JSON as it is: answers come out of our own code, and their schemas are for readers and tests.
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  setErrors(app, options.logger);
  measureRequests(app, options);
  if (requests && requests.corsOrigins.length > 0) await allowOrigins(app, requests.corsOrigins);
  admitCallers(app, options.access);
  refuseWhileDraining(app, options.isDraining);
  readBodies(app);
  if (requests) {
    honourIdempotencyKeys(app, requests.cache);
    limitTime(app, requests.answerTimeoutMs);
    await describeRoutes(app, requests.version);
  }
  const known = rememberRoutes(app);
  addProbeRoutes(app, { ...options, metrics });
  let endStreams = (_reason: string): void => {};
  if (requests) endStreams = addRequestRoutes(app, requests, options);
  setNotFound(app, known);
  await app.ready();
  return { app, endStreams };
}

function newApp(options: AppOptions): FastifyInstance {
  return fastify({
    serverFactory: (handler) => createSafeServer(options, handler) as Server,
    bodyLimit: options.bodyBytesMax,
    genReqId: (request) => requestIdOf(request),
    return503OnClosing: false,
    clientErrorHandler: refuseNoHttp,
    routerOptions: { maxParamLength: 1_024 },
    // Tells of every error and changes nothing.
    ajv: {
      customOptions: {
        allErrors: true,
        coerceTypes: false,
        removeAdditional: false,
        useDefaults: false,
        unicode: false,
        // It would tell the console that `unicode` is deprecated; the streams’ limits count UTF-16 units, so ours do.
        logger: false,
        strict: false,
        validateFormats: false,
      },
    },
    frameworkErrors: (error, request, reply) => sendProblem(error, request, reply as FastifyReply),
  });
}

function addRequestRoutes(
  app: FastifyInstance,
  requests: DoorRequests,
  options: AppOptions,
): App['endStreams'] {
  const { log, wire } = requests;
  const models = (): ModelRequests => {
    const { models: found } = requests.now();
    if (found) return found;
    throw new HttpProblem(
      503,
      'no-models',
      'This process runs no models. Ask one that does, or set HTTP_REQUESTS=on for it.',
    );
  };
  addAnalyzeRoute(app, models);
  addMessageRoutes(app, () => requests.now());
  app.register(async (context) => addLabelRoutes(context, () => requests.now()));
  app.register(async (context) => addInferenceRoutes(context, models, requests.version));
  const feeds = {
    scores: new TopicFeed({ log, wire, topic: 'scores', logger: options.logger }),
    alerts: new TopicFeed({ log, wire, topic: 'alerts', logger: options.logger }),
  };
  return addStreamRoute(app, {
    ...requests.streams,
    feedOf: (topic) => feeds[topic],
    clients: options.metrics.httpStreamClients,
    isDraining: options.isDraining,
  });
}

async function allowOrigins(app: FastifyInstance, origins: readonly string[]): Promise<void> {
  await app.register(fastifyCors, {
    origin: origins.includes('*') ? '*' : [...origins],
    methods: ['GET', 'HEAD', 'POST'],
    exposedHeaders: ['x-request-id', 'retry-after', 'server-timing', 'idempotent-replayed'],
    maxAge: 600,
  });
}

function refuseWhileDraining(app: FastifyInstance, isDraining: () => boolean): void {
  app.addHook('onRequest', async (request, reply) => {
    if (!isDraining() || request.routeOptions.config.probe) return;
    reply.header('connection', 'close');
    throw new HttpProblem(503, 'draining', 'This process is about to end.', { retryAfterSeconds: 1 });
  });
}

/** Methods by pattern of path, to tell a wrong method from a wrong path. */
function rememberRoutes(app: FastifyInstance): Map<RegExp, Set<string>> {
  const known = new Map<string, { readonly form: RegExp; readonly methods: Set<string> }>();
  const byForm = new Map<RegExp, Set<string>>();
  app.addHook('onRoute', ({ url, method }) => {
    if (url.includes('*')) return;
    let entry = known.get(url);
    if (!entry) {
      const form = new RegExp(`^${url.replace(/[.\\]/g, '\\$&').replace(/:\w+/g, '[^/]+')}$`);
      entry = { form, methods: new Set() };
      known.set(url, entry);
      byForm.set(form, entry.methods);
    }
    for (const one of [method].flat()) entry.methods.add(one);
  });
  return byForm;
}

function setNotFound(app: FastifyInstance, known: ReadonlyMap<RegExp, ReadonlySet<string>>): void {
  app.setNotFoundHandler((request) => {
    const path = request.url.split('?')[0] ?? '/';
    const methods = [...known].find(([form]) => form.test(path))?.[1];
    if (!methods)
      throw new HttpProblem(404, 'not-found', 'There is nothing here. /docs and /openapi.json say what is.');
    const allow = [...methods].sort().join(', ');
    throw new HttpProblem(405, 'method', `Here it is ${allow}.`, { headers: { allow } });
  });
}

function setErrors(app: FastifyInstance, logger: Logger | null): void {
  app.setErrorHandler((error, request, reply) => {
    if (problemFor(error).status === 500)
      logger?.error(
        { err: error, requestId: request.id, route: request.routeOptions.url },
        'a request failed',
      );
    return sendProblem(error, request, reply);
  });
}

const clientProblems: Readonly<Record<string, readonly [number, string, string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'request-timeout', 'The request took too long to arrive.'],
  HPE_HEADER_OVERFLOW: [431, 'headers', 'The headers are too large.'],
};

/** What arrived is no HTTP, or not in time: there is a socket and no request. */
function refuseNoHttp(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const known = clientProblems[error.code ?? ''] ?? [400, 'bad-request', 'This is no HTTP request.'];
  const { status, headers, body } = answerOf(new HttpProblem(...known), randomUUID());
  const lines = Object.entries({
    ...headers,
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  });
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head}\r\n${body}`);
}

/** As bytes: to text the framework would add a charset, which problem details have not. */
function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { status, headers, body } = answerOf(
    error,
    request.id,
    request.routeOptions?.config?.protocol === true,
  );
  return reply.code(status).headers(headers).send(Buffer.from(body));
}
