// One caller's publish on its way: what of it was delivered, and where to.
import type { LogRecord, Published } from '../log.ts';
import { failureOf } from './failure.ts';
import type { DeliveryReport } from './native.ts';

export interface TopicRecords {
  readonly topic: string;
  readonly records: readonly LogRecord[];
}

interface Run {
  readonly topic: string;
  readonly partition: number;
  baseOffset: number;
  count: number;
}

export class Order {
  readonly batches: readonly TopicRecords[];
  readonly done: Promise<readonly Published[]>;
  /** Records handed over whose delivery report is not in. */
  outstanding = 0;
  readonly #runs = new Map<string, Run[]>();
  #failure: unknown;
  #complete = false;
  #settle!: { resolve(published: readonly Published[]): void; reject(error: unknown): void };

  constructor(batches: readonly TopicRecords[]) {
    this.batches = batches;
    this.done = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
  }

  /** Every record that will be handed over has been. */
  complete(): void {
    this.#complete = true;
    this.#settleWhenDone();
  }

  /** The first failure stands. */
  fail(error: unknown): void {
    const topics = [...new Set(this.batches.map(({ topic }) => topic))];
    this.#failure ??= failureOf(error, `publish to ${topics.join(', ')}`);
  }

  report(error: Error | null, { topic, partition, offset }: DeliveryReport<unknown>): void {
    this.outstanding -= 1;
    if (error) this.fail(error);
    else this.#landed(topic, partition, offset);
    if (this.outstanding === 0) this.#settleWhenDone();
  }

  // Reports of a partition come in the order of its offsets.
  #landed(topic: string, partition: number, offset: number): void {
    const key = `${topic}/${partition}`;
    let runs = this.#runs.get(key);
    if (!runs) {
      runs = [];
      this.#runs.set(key, runs);
    }
    const last = runs.at(-1);
    // A record that the broker had already, from a try whose answer was lost, is reported without its offset.
    if (last && (offset < 0 || offset === last.baseOffset + last.count)) last.count += 1;
    else if (last && last.baseOffset < 0 && offset >= last.count) {
      last.baseOffset = offset - last.count;
      last.count += 1;
    } else runs.push({ topic, partition, baseOffset: Math.max(offset, -1), count: 1 });
  }

  #settleWhenDone(): void {
    if (!this.#complete || this.outstanding > 0) return;
    if (this.#failure !== undefined) this.#settle.reject(this.#failure);
    else this.#settle.resolve([...this.#runs.values()].flat());
  }
}
