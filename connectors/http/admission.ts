// Who may come in: every request is named, and refused where its caller may not do what the route does.
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Access } from '../access/access.ts';
import { type Caller, Denial, type Scope } from '../access/caller.ts';
import { keyOf } from './idempotency.ts';
import type { Asker } from './parts.ts';
import { refusal } from './problem.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Null for strangers, who get no further than the probes. */
    caller: Caller | null;
  }
  interface FastifyContextConfig {
    /** What a caller has to be allowed, one of these; `read` where absent. */
    scopes?: readonly Scope[];
    /** Strangers are let in. */
    strangers?: boolean;
  }
}

const requestIdForm = /^[\w.:/-]{1,128}$/;

/** The caller’s own id of a request where it is sane, else a new one. */
export function requestIdOf({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && requestIdForm.test(given) ? given : randomUUID();
}

const readers: readonly Scope[] = ['read'];

/** Names every request in its answer and asks the access about its caller. */
export function admitCallers(app: FastifyInstance, access: Access): void {
  app.decorateRequest('caller', null);
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id);
    const { scopes = readers, strangers = false } = request.routeOptions.config;
    const caller = await access.admit(request.headers, ...scopes);
    if (!(caller instanceof Denial)) request.caller = caller;
    else if (!strangers) throw refusal(caller);
  });
}

/** The caller of a request that was let in. */
export function callerOf({ caller }: FastifyRequest): Caller {
  if (caller === null) throw new Error('a route for callers let a stranger in');
  return caller;
}

const traceparentForm = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** Who asks, for the work behind the door. */
export function askerOf(request: FastifyRequest): Asker {
  const { id, tenant, scopes } = callerOf(request);
  const { traceparent } = request.headers;
  const key = keyOf(request);
  return {
    tenant,
    mayNameTenants: scopes.includes('admin'),
    traceparent: typeof traceparent === 'string' && traceparentForm.test(traceparent) ? traceparent : null,
    idSeed: key === null ? null : `${id}\u0000${key}`,
  };
}
