// Watches every group's lag: for /metrics, and for /ready when a group has work and makes no progress.
import { lagOfGroups } from './lag.ts';
import type { Stack } from './stack.ts';

const everyMs = 5_000;
/** A group that has lag and has not committed for this long is stuck, in milliseconds. */
const stuckMs = 60_000;

export class Lagging {
  readonly #stack: Stack;
  readonly #progress = new Map<string, { readonly committed: number; readonly at: number }>();
  #stuck: string[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(stack: Stack) {
    this.#stack = stack;
  }

  /** Groups that are stuck, for people. */
  get reasons(): readonly string[] {
    return this.#stuck;
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#look().catch((error: unknown) =>
        this.#stack.logger.warn({ err: error }, 'the lag could not be read'),
      );
    }, everyMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    const { log, metrics, now } = this.#stack;
    const stuck: string[] = [];
    for (const { group, topic, partition, committed, lag } of await lagOfGroups(log)) {
      if (!group.startsWith('millrace-')) continue;
      metrics.lagRecords.set({ group, topic, partition: String(partition) }, lag);
      const key = `${group} ${topic}/${partition}`;
      const known = this.#progress.get(key);
      if (!known || lag === 0 || known.committed !== committed)
        this.#progress.set(key, { committed: committed ?? -1, at: now() });
      else if (now() - known.at > stuckMs)
        stuck.push(`${key}: lag ${lag} and no progress for ${Math.round((now() - known.at) / 1_000)} s`);
    }
    this.#stuck = stuck;
  }
}
