// What MLflow is still to be told, in order.
import { setTimeout as sleep } from 'node:timers/promises';
import { Refused } from './api.ts';

/** Takes no further notice of a run with so much unsent. */
const pendingMax = 10_000;

/** Steps one after the other, each again until it works; warns at the first failure and gives up at a refusal. */
export class Queue {
  readonly #steps: (() => Promise<void>)[] = [];
  readonly #warn: (message: string) => void;
  readonly #given = new AbortController();
  #working: Promise<void> | undefined;
  #warned = false;

  constructor(warn: (message: string) => void) {
    this.#warn = warn;
  }

  push(step: () => Promise<void>): void {
    if (this.#given.signal.aborted) return;
    this.#steps.push(step);
    if (this.#steps.length > pendingMax) this.#giveUp('too much is waiting to be sent');
    this.#working ??= this.#work();
  }

  /** Waits until all is sent, `ms` at most. */
  async finish(ms: number): Promise<void> {
    const over = new AbortController();
    const late = sleep(ms, 'late', { signal: over.signal }).catch(() => 'done');
    if ((await Promise.race([this.#working, late])) === 'late')
      this.#giveUp('the run is over and it still does not answer');
    over.abort();
  }

  async #work(): Promise<void> {
    for (let failures = 0; this.#steps.length > 0 && !this.#given.signal.aborted; ) {
      try {
        await this.#steps[0]!();
        this.#steps.shift();
        failures = 0;
      } catch (error) {
        if (this.#given.signal.aborted) break;
        failures += 1;
        this.#tell(error);
        if (error instanceof Refused) this.#given.abort();
        const delayMs = Math.random() * Math.min(5_000, 100 * 2 ** failures);
        await sleep(delayMs, undefined, { signal: this.#given.signal, ref: false }).catch(() => {});
      }
    }
    this.#working = undefined;
  }

  #giveUp(why: string): void {
    this.#tell(new Error(why));
    this.#given.abort();
  }

  #tell(error: unknown): void {
    if (this.#warned) return;
    this.#warned = true;
    const detail = error instanceof Error ? String(error.cause ?? error.message) : String(error);
    this.#warn(`the run is not logged to MLflow for now: ${detail}`);
  }
}
