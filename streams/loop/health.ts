// What the watchdogs of all streams see: reasons for /ready, metrics, log lines, one alert for each incident.
import { type Incident, raise } from '../alerts.ts';
import type { Stack } from '../stack.ts';
import { describeStall, type Stall } from './stalls.ts';
import type { WatchOptions } from './watchdog.ts';

/** One stream in trouble. */
interface Trouble {
  readonly incident: Incident;
  reasons: readonly string[];
}

export class Health implements WatchOptions {
  readonly stallMs: number;
  readonly #stack: Stack;
  readonly #troubles = new Map<string, Trouble>();
  /** Since when the log does not say where a stream is, on the clock of `performance.now`. */
  readonly #unseen = new Map<string, { readonly since: number; error: unknown }>();
  #raising: Promise<void> = Promise.resolve();

  constructor(stack: Stack) {
    this.#stack = stack;
    this.stallMs = stack.configuration.loop.stallMs;
  }

  /** Why no work should be routed here, for people; empty when all streams go on. */
  get reasons(): readonly string[] {
    const blind = [...this.#unseen].filter(([, { since }]) => performance.now() - since >= this.stallMs);
    return [
      ...[...this.#troubles.values()].flatMap(({ reasons }) => reasons),
      ...blind.map(([stream, { error }]) => `stream ${stream}: the log does not answer: ${messageOf(error)}`),
    ];
  }

  looked(stream: string, stalls: readonly Stall[]): void {
    this.#unseen.delete(stream);
    this.#stack.metrics.stalledPartitions.set({ stream }, stalls.length);
    const trouble = this.#troubles.get(stream);
    const reasons = stalls.map((stall) => describeStall(stream, stall));
    if (trouble && stalls.length > 0) trouble.reasons = reasons;
    else if (trouble) this.#over(stream, trouble);
    else if (stalls.length > 0) this.#begins(stream, stalls, reasons);
  }

  restarting(stream: string, stalls: readonly Stall[]): void {
    this.#stack.metrics.streamRestarts.add({ stream });
    this.#stack.logger.error({ stream, stalls }, 'no progress; the stream gets a new client');
  }

  unseen(stream: string, error: unknown): void {
    const known = this.#unseen.get(stream);
    if (known) known.error = error;
    else this.#unseen.set(stream, { since: performance.now(), error });
    this.#stack.logger.warn({ stream, err: error }, 'the lag of a stream could not be read');
  }

  /** Waits for alerts that are on their way. */
  async close(): Promise<void> {
    await this.#raising;
  }

  #begins(stream: string, [first]: readonly Stall[], reasons: readonly string[]): void {
    const { topic, partition, offset, lag, unwell } = first!;
    const incident: Incident = {
      rule: `stalled/${stream}`,
      severity: unwell ? 'warning' : 'critical',
      state: 'firing',
      summary: reasons[0]!,
      evidence: {
        stream,
        topic,
        partition: String(partition),
        offset: String(offset),
        lag: String(lag),
        code: unwell?.code ?? 'no-progress',
      },
      incident: `${topic}/${partition}@${offset}`,
    };
    this.#troubles.set(stream, { incident, reasons });
    this.#stack.metrics.stalls.add({ stream });
    this.#stack.logger.error({ stream, reasons }, 'a stream makes no progress');
    this.#raise(incident);
  }

  #over(stream: string, { incident }: Trouble): void {
    this.#troubles.delete(stream);
    this.#stack.logger.info({ stream }, 'a stream that made no progress goes on');
    this.#raise({ ...incident, state: 'resolved', summary: `stream ${stream} goes on` });
  }

  /** One after the other, so that an end is never published before its beginning. */
  #raise(incident: Incident): void {
    this.#raising = this.#raising.then(() => raise(this.#stack, incident));
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
