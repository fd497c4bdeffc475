// For machines: /metrics for Prometheus, /live and /ready for whoever restarts and routes. Anyone may know whether it
// lives and is ready; why not, and all else, is told to callers that the access lets in.
import type { FastifyInstance } from 'fastify';

/** Reasons why not; an empty list means yes. */
export type Reasons = () => readonly string[] | Promise<readonly string[]>;

export interface ProbeOptions {
  readonly metrics: { readonly contentType: string; print(): Promise<string> };
  /** Why no work should be routed here now. */
  readonly notReady: Reasons;
  /** Why the process should be restarted. */
  readonly notLive: Reasons;
}

/** Adds the routes that are answered until the very end. */
export function addProbeRoutes(app: FastifyInstance, { metrics, notReady, notLive }: ProbeOptions): void {
  app.get(
    '/metrics',
    { config: { probe: true }, schema: { tags: ['operation'], summary: 'Metrics for Prometheus' } },
    async (_request, reply) => reply.type(metrics.contentType).send(await metrics.print()),
  );
  addState(app, 'live', notLive);
  addState(app, 'ready', notReady);
}

/** A state under both its names: ours, and that of the Open Inference Protocol. */
function addState(app: FastifyInstance, state: string, reasonsOf: Reasons): void {
  const config = { probe: true, strangers: true };
  const summary = `Is it ${state}?`;
  app.get(`/${state}`, { config, schema: { tags: ['operation'], summary } }, async (request, reply) => {
    const reasons = await reasonsOf();
    const isSo = reasons.length === 0;
    reply.code(isSo ? 200 : 503).header('cache-control', 'no-store');
    return { status: isSo ? state : `not-${state}`, ...(request.caller ? { reasons } : {}) };
  });
  const schema = { tags: ['open inference protocol'], summary };
  app.get(`/v2/health/${state}`, { config, schema }, async (_request, reply) => {
    const isSo = (await reasonsOf()).length === 0;
    reply.code(isSo ? 200 : 503).header('cache-control', 'no-store');
    return { [state]: isSo };
  });
}
