// Requests that are not answered in time are refused. One sweep for all of them: a timer and an abort signal for each,
// as the framework has them, cost a tenth of what a small request costs.
import type { FastifyInstance, FastifyReply } from 'fastify';
import { HttpProblem } from './problem.ts';

const sweepsPerTimeout = 20;

/** Refuses (503, `too-slow`) what takes longer than `timeoutMs`, a twentieth of it more at most. */
export function limitTime(app: FastifyInstance, timeoutMs: number): void {
  const waiting = new Map<FastifyReply, number>();
  app.addHook('preHandler', async (request, reply) => {
    if (request.routeOptions.config.lasting) return;
    waiting.set(reply, performance.now() + timeoutMs);
    reply.raw.once('close', () => waiting.delete(reply));
  });
  const sweep = setInterval(() => {
    const now = performance.now();
    // In the order in which they came: the first that has time left ends the search.
    for (const [reply, until] of waiting) {
      if (until > now) return;
      waiting.delete(reply);
      if (!reply.sent)
        reply.send(
          new HttpProblem(503, 'too-slow', 'There was no answer in time.', { retryAfterSeconds: 5 }),
        );
    }
  }, timeoutMs / sweepsPerTimeout);
  sweep.unref();
  app.addHook('onClose', async () => clearInterval(sweep));
}
