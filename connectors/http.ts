// The HTTP door: requests for people and programs, probes for machines, on one port. What requests do is not here; the
// process behind hands it in (connectors/http/parts.ts).
import { type Access, openAccess } from './access/access.ts';
import type { SafeServerOptions } from './access/safe-server.ts';
import { openApp } from './http/app.ts';
import { listenAt } from './http/listening.ts';
import { InFlight } from './http/measuring.ts';
import type { DoorRequests } from './http/parts.ts';
import type { Reasons } from './http/probe-routes.ts';
import type { Logger } from './logger.ts';
import { createMetrics, type Metrics } from './metrics.ts';

export interface DoorOptions extends Partial<SafeServerOptions> {
  /** Who is let in; when absent, whoever is on this machine, and the address has to be a loopback one. */
  readonly access?: Access;
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly metrics?: Metrics;
  readonly logger?: Logger;
  /** Why no work should be routed here now. */
  readonly notReady: Reasons;
  /** Why the process should be restarted; nothing when absent. */
  readonly notLive?: Reasons;
  /** What requests can have done; without it there are the probes alone. */
  readonly requests?: DoorRequests;
}

export interface Door {
  readonly port: number;
  readonly url: string;
  /**
   * Is not ready any more, goes on answering for `delayMs` so that balancers notice, then refuses new requests, ends
   * streams of events and waits for what is being answered, `withinMs` at most. The probes go on until `close`.
   */
  drain(delayMs: number, withinMs: number): Promise<void>;
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
 * Starts the door. Throws `Misconfigured` when it cannot listen at host and port (`http-listen`), when strangers could
 * reach it and no access was given (`http-strangers`), or when its certificate cannot be used (`http-tls`).
 */
export async function startDoor(options: DoorOptions): Promise<Door> {
  const access = options.access ?? (await localAccess(options.host));
  const inFlight = new InFlight();
  const state = { ending: false, draining: false };
  const notReady: Reasons = async () => [
    ...(state.ending ? ['this process is about to end'] : []),
    ...(await options.notReady()),
  ];
  const { app, endStreams } = await openApp({
    ...limits,
    ...options,
    access,
    inFlight,
    notReady,
    metrics: options.metrics ?? createMetrics(),
    logger: options.logger ?? null,
    notLive: options.notLive ?? (() => []),
    requests: options.requests ?? null,
    isDraining: () => state.draining,
  });
  const { port, url } = await listenAt(app.server, options);
  return {
    port,
    url,
    async drain(delayMs, withinMs) {
      state.ending = true;
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      state.draining = true;
      endStreams('this process is about to end');
      await inFlight.none(withinMs);
    },
    async close() {
      state.ending = true;
      state.draining = true;
      endStreams('this process ends');
      const timer = setTimeout(() => app.server.closeAllConnections(), closeTimeoutMs);
      const closed = new Promise((resolve) => app.server.close(resolve));
      app.server.closeIdleConnections();
      await closed;
      clearTimeout(timer);
      await app.close();
    },
  };
}

const localAccess = (host: string): Promise<Access> =>
  openAccess({ host, open: false, keysFile: null, tokens: null, ratePerSecond: 1 });
