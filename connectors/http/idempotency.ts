// Idempotency keys: the answer to a POST is kept for a day, and the same request gets it again instead of being done again.
import { hash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Cache } from '../cache.ts';
import { HttpProblem } from './problem.ts';

const ttlSeconds = 86_400;
const keyForm = /^[\x21-\x7e]{1,255}$/;

interface Kept {
  readonly fingerprint: string;
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** A request under a key that is being answered. */
interface Claim {
  readonly place: string;
  readonly fingerprint: string;
  release(): void;
}

declare module 'fastify' {
  interface FastifyRequest {
    claim: Claim | null;
  }
  interface FastifyContextConfig {
    /** Whether an Idempotency-Key is honoured. */
    repeatable?: boolean;
  }
}

/**
 * Honours `Idempotency-Key` on routes that are `repeatable`. Two at once in one process: the second waits for the
 * first. Between processes they can meet; ids derived from the key make what they do recognisable as one.
 */
export function honourIdempotencyKeys(app: FastifyInstance, cache: Cache): void {
  const running = new Map<string, Promise<void>>();
  app.decorateRequest('claim', null);
  app.addHook('preValidation', async (request, reply) => {
    const key = keyOf(request);
    if (key === null) return undefined;
    const place = `idempotency/${hash('sha256', `${request.caller?.id}\u0000${key}`)}`;
    const fingerprint = fingerprintOf(request);
    for (let other = running.get(place); other; other = running.get(place)) await other;
    const release = claimed(running, place);
    try {
      const kept = await keptAt(cache, place);
      if (kept) {
        release();
        return await replay(kept, fingerprint, reply);
      }
    } catch (error) {
      release();
      throw error;
    }
    request.claim = { place, fingerprint, release };
    return undefined;
  });
  app.addHook('onSend', async (request, reply, payload) => {
    const { claim } = request;
    if (!claim) return payload;
    try {
      if (isFinal(reply.statusCode) && (typeof payload === 'string' || Buffer.isBuffer(payload)))
        await keep(cache, claim, { reply, body: payload.toString() });
    } finally {
      request.claim = null;
      claim.release();
    }
    return payload;
  });
}

/** The key of a request that has one where it counts. Throws `HttpProblem` for one in a wrong form. */
export function keyOf(request: FastifyRequest): string | null {
  const key = request.headers['idempotency-key'];
  if (key === undefined || !request.routeOptions.config.repeatable) return null;
  if (typeof key === 'string' && keyForm.test(key)) return key;
  throw new HttpProblem(400, 'idempotency-key', 'An Idempotency-Key has 1 to 255 visible ASCII characters.');
}

function claimed(running: Map<string, Promise<void>>, place: string): () => void {
  let done: () => void = () => {};
  running.set(
    place,
    new Promise((resolve) => {
      done = resolve;
    }),
  );
  return () => {
    running.delete(place);
    done();
  };
}

const fingerprintOf = ({ method, url, rawBody }: FastifyRequest): string =>
  hash('sha256', Buffer.concat([Buffer.from(`${method} ${url}\u0000`), rawBody ?? Buffer.alloc(0)]));

async function keptAt(cache: Cache, place: string): Promise<Kept | null> {
  const bytes = await cache.get(place);
  return bytes && (JSON.parse(bytes.toString('utf8')) as Kept);
}

/** What a repeat would be told again: not that the world was unwell or the caller too fast. */
const isFinal = (status: number): boolean => status < 500 && status !== 429;

function keep(
  cache: Cache,
  claim: Claim,
  { reply, body }: { reply: FastifyReply; body: string },
): Promise<void> {
  const type = String(reply.getHeader('content-type') ?? 'application/json');
  const kept: Kept = { fingerprint: claim.fingerprint, status: reply.statusCode, type, body };
  return cache.set(claim.place, Buffer.from(JSON.stringify(kept)), ttlSeconds);
}

function replay({ fingerprint, status, type, body }: Kept, asked: string, reply: FastifyReply): FastifyReply {
  if (fingerprint !== asked)
    throw new HttpProblem(
      422,
      'idempotency-mismatch',
      'This Idempotency-Key was used for another request. Use a new key for a new request.',
    );
  return reply
    .code(status)
    .header('content-type', type)
    .header('idempotent-replayed', 'true')
    .send(Buffer.from(body));
}
