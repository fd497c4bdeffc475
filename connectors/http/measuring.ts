// What the door counts and times of every request, and the line that it logs.
import type { FastifyInstance } from 'fastify';
import type { Logger } from '../logger.ts';
import type { Metrics } from '../metrics.ts';

type HttpMetrics = Pick<Metrics, 'httpRequests' | 'httpSeconds' | 'httpInFlight'>;

/** Requests by route and status, their time, and how many are being answered. */
export class InFlight {
  #count = 0;
  #whenNone: (() => void)[] = [];

  get count(): number {
    return this.#count;
  }

  begin(): void {
    this.#count += 1;
  }

  end(): void {
    this.#count -= 1;
    if (this.#count === 0) for (const tell of this.#whenNone.splice(0)) tell();
  }

  /** Resolves when nothing is being answered, or after `withinMs`. */
  async none(withinMs: number): Promise<void> {
    if (this.#count === 0) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#whenNone.push(resolve);
      timer = setTimeout(resolve, withinMs);
    });
    clearTimeout(timer);
  }
}

/** Counts every request. Routes are named by their pattern, so that ids make no new series. */
export function measureRequests(
  app: FastifyInstance,
  { metrics, logger, inFlight }: { metrics: HttpMetrics; logger: Logger | null; inFlight: InFlight },
): void {
  app.addHook('onRequest', async (_request, reply) => {
    inFlight.begin();
    metrics.httpInFlight.set({}, inFlight.count);
    // Once, however the exchange ends: answered, cut off, or taken over by a stream of events.
    reply.raw.once('close', () => {
      inFlight.end();
      metrics.httpInFlight.set({}, inFlight.count);
    });
  });
  app.addHook('onResponse', async (request, reply) => {
    const route = request.is404 ? 'unknown' : (request.routeOptions.url ?? 'unknown');
    const status = String(reply.statusCode);
    metrics.httpRequests.add({ route, method: request.method, status });
    if (!request.routeOptions.config.lasting)
      metrics.httpSeconds.observe({ route }, reply.elapsedTime / 1_000);
    if (!logger?.isLevelEnabled('debug')) return;
    const { id, method, caller } = request;
    logger.debug(
      { requestId: id, method, route, status, caller: caller?.id, ms: reply.elapsedTime },
      'answered',
    );
  });
}
