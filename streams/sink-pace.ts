// The pace of the sink's inserts. Each costs ClickHouse about the same however few rows it has, so a partition whose
// rows were just stored is not fetched again before its next beat; what arrives meanwhile becomes one insert. The first
// record after a silence is stored at once.
// A beat ends a pause and does nothing else: fetching, journal, insert and commit stay in the handler (sink.md, 5).
import type { Chunk, Delivery } from '../connectors/delivery.ts';
import type { StoredRecord, Subscription } from '../connectors/log.ts';
import { recordBytes } from './loop/chunks.ts';
import { type LoopOptions, run, type Stream } from './run.ts';

export interface PaceOptions {
  /** Topics in the order in which their beats fall. */
  readonly topics: readonly string[];
  /** Time between two inserts of one partition of a topic, in milliseconds. */
  readonly periodMs: (topic: string) => number;
  /** A batch of so many bytes is a backlog: the next one follows at once. */
  readonly bytesMin: number;
  /** Milliseconds of a clock that never jumps. */
  readonly monotonicMs: () => number;
  /** Runs something later, unless nothing else keeps the process alive. */
  readonly after: (delayMs: number, run: () => void) => void;
}

/** Pauses and resumes the partitions of one stream. */
export class Pace {
  readonly #options: PaceOptions;
  #subscription: Pick<Subscription, 'pause' | 'resume'> | null = null;

  constructor(options: PaceOptions) {
    this.#options = options;
  }

  /** Starts the stream at this pace. */
  async run<Out>(stream: Stream<Out>, options: LoopOptions): Promise<Subscription> {
    const subscription = await run({ ...stream, delivery: this.#paced(stream.delivery) }, options);
    this.#subscription = subscription;
    return subscription;
  }

  #paced<Out>(inner: Delivery<Out>): Delivery<Out> {
    return {
      resume: (batch) => inner.resume(batch),
      deliver: async (chunk) => {
        await inner.deliver(chunk);
        this.#delivered(chunk);
      },
    };
  }

  /** Pauses a partition whose batch is through. */
  #delivered<Out>({ batch, end }: Chunk<Out>): void {
    const { topic, partition, records, revoked } = batch;
    const subscription = this.#subscription;
    if (!subscription || revoked.aborted || end <= records.at(-1)!.offset) return;
    if (isAtLeast(records, this.#options.bytesMin)) return;
    subscription.pause(topic, partition);
    this.#options.after(this.#untilBeat(topic, partition), () => subscription.resume(topic, partition));
  }

  /** Beats are spread over the period, since inserts that come together wait for one another. */
  #untilBeat(topic: string, partition: number): number {
    const { topics, periodMs, monotonicMs } = this.#options;
    const period = periodMs(topic);
    const shift = period * (topics.indexOf(topic) / topics.length + partition * goldenRatio);
    return period - ((monotonicMs() + shift) % period);
  }
}

/** Its multiples, less their whole parts, lie far apart however many there are. */
const goldenRatio = 0.618_034;

function isAtLeast(records: readonly StoredRecord[], bytesMin: number): boolean {
  let bytes = 0;
  for (const record of records) {
    bytes += recordBytes(record);
    if (bytes >= bytesMin) return true;
  }
  return false;
}
