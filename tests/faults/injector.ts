// Publishes uniquely numbered comments at a constant rate, whether or not earlier ones got through (open loop), and
// writes down what was acknowledged as it goes. It knows nothing of Millrace but the shape of a comment.
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a message is, and so what must become of it. */
export type Kind =
  /** A comment: stored and scored. */
  | 'good'
  /** Bytes that are no comment: a dead letter and nothing else. */
  | 'unreadable'
  /** A comment that a stage must refuse: stored as a comment, dead-lettered instead of scored. */
  | 'refused';

export interface Outgoing {
  readonly id: string;
  readonly key: string;
  readonly sequence: number;
  readonly kind: Kind;
  readonly value: Buffer;
}

/** A line of the ledger: a message that the log has acknowledged. */
export interface Acknowledged {
  readonly id: string;
  readonly key: string;
  readonly sequence: number;
  readonly kind: Kind;
}

export type Publish = (messages: readonly Outgoing[]) => Promise<void>;

export interface Recipe {
  /** Kind and text, or bytes, of message `number`. */
  readonly make?: (
    number: number,
    id: string,
  ) => { readonly kind: Kind; readonly value?: Buffer; readonly text?: string };
  /** Number of keys; one in five messages is of another key than the first where there is a hot one. */
  readonly keys?: number;
  readonly hot?: boolean;
  /** Sends some acknowledged batches again, the older one after the newer. */
  readonly repeat?: boolean;
}

export interface InjectorOptions extends Recipe {
  readonly publish: Publish;
  readonly ledger: string;
  readonly run: string;
  readonly perSecond: number;
  readonly texts: readonly string[];
}

const tickMs = 50;
/** Largest number of messages in one publish: what piled up while nothing could be published is not sent at once. */
const batchMax = 500;

export class Injector {
  readonly #options: InjectorOptions;
  readonly #sequences = new Map<string, number>();
  #number = 0;
  #stop = false;
  #working: Promise<void> = Promise.resolve();
  #batches: (readonly Outgoing[])[] = [];
  acknowledged = 0;
  refused = 0;
  /** Messages sent a second time. */
  repeated = 0;

  constructor(options: InjectorOptions) {
    this.#options = options;
    writeFileSync(options.ledger, '', { flag: 'a' });
  }

  start(): void {
    this.#working = this.#work();
  }

  /** Stops and waits for what is under way. */
  async stop(): Promise<void> {
    this.#stop = true;
    await this.#working;
  }

  /** Publishes so many at once, beside the rate. */
  async burst(count: number): Promise<void> {
    for (let left = count; left > 0; left -= batchMax) await this.#send(Math.min(left, batchMax));
  }

  async #work(): Promise<void> {
    let last = performance.now();
    let due = 0;
    while (!this.#stop) {
      await sleep(tickMs);
      const now = performance.now();
      due = Math.min(batchMax, due + ((now - last) / 1_000) * this.#options.perSecond);
      last = now;
      const count = Math.floor(due);
      due -= count;
      if (count > 0) await this.#send(count);
    }
  }

  async #send(count: number): Promise<void> {
    const batch = Array.from({ length: count }, () => this.#next());
    try {
      await this.#options.publish(batch);
      this.#note(batch);
      if (this.#options.repeat) await this.#again(batch);
    } catch {
      // Applied or not, nobody knows: it was not acknowledged, and its numbers are not used again.
      this.refused += batch.length;
    }
  }

  #next(): Outgoing {
    const { run, texts, keys = 40, hot = false, make } = this.#options;
    const number = this.#number++;
    const id = `${run}-${number}`;
    const key = hot && number % 10 !== 0 ? 'key-0' : `key-${number % keys}`;
    const sequence = this.#sequences.get(key) ?? 0;
    this.#sequences.set(key, sequence + 1);
    const made = make?.(number, id) ?? { kind: 'good' as const };
    const text = made.text ?? texts[number % texts.length] ?? 'a comment';
    const value = made.value ?? Buffer.from(JSON.stringify({ id, text, author: key, source: 'faults' }));
    return { id, key, sequence, kind: made.kind, value };
  }

  #note(batch: readonly Outgoing[]): void {
    const lines = batch.map(({ id, key, sequence, kind }) => JSON.stringify({ id, key, sequence, kind }));
    appendFileSync(this.#options.ledger, `${lines.join('\n')}\n`);
    this.acknowledged += batch.length;
  }

  /** Every third batch goes out once more, after the batch that followed it. */
  async #again(batch: readonly Outgoing[]): Promise<void> {
    this.#batches.push(batch);
    const [oldest] = this.#batches;
    if (this.#batches.length < 3 || !oldest) return;
    this.#batches = [];
    const backwards = [...oldest].reverse();
    await this.#options.publish(backwards);
    this.#note(backwards);
    this.repeated += backwards.length;
  }
}

/** What a ledger says was acknowledged. */
export function readLedger(file: string): readonly Acknowledged[] {
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Acknowledged);
}
