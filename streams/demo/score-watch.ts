// Follows `scores` and `dead-letters` as any consumer would, and knows how many samples are still on their way.
import { Refusal } from '../../connectors/wire/refusal.ts';
import type { Message } from '../../schemas/topic.ts';
import { Percentiles } from '../percentiles.ts';
import type { Stack } from '../stack.ts';

export class ScoreWatch {
  readonly latencyMs = new Percentiles();
  readonly #awaited = new Set<string>();
  readonly #stop = new AbortController();
  readonly #reading: Promise<unknown>;
  #arrived = 0;
  /** The newest score, for showing. */
  latest: Message | null = null;

  private constructor(stack: Stack, topics: readonly TopicFrom[]) {
    this.#reading = Promise.all(topics.map(({ topic, from }) => this.#follow(stack, topic, from)));
    // Shown by the stall of the playback; here it must only not be unhandled.
    this.#reading.catch((error: unknown) =>
      stack.logger.error({ err: error }, 'following the scores failed'),
    );
  }

  /** Starts at the present ends. */
  static async start(stack: Stack): Promise<ScoreWatch> {
    const topics: TopicFrom[] = [];
    for (const topic of ['scores', 'dead-letters']) {
      const ranges = await stack.log.ranges([topic]);
      topics.push({ topic, from: new Map(ranges.map(({ partition, end }) => [partition, end])) });
    }
    return new ScoreWatch(stack, topics);
  }

  get arrived(): number {
    return this.#arrived;
  }

  get underWay(): number {
    return this.#awaited.size;
  }

  expect(ids: readonly string[]): void {
    for (const id of ids) this.#awaited.add(id);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#reading.catch(() => {});
  }

  async #follow(stack: Stack, topic: string, from: ReadonlyMap<number, number>): Promise<void> {
    const { log, wire } = stack;
    for await (const { partition, records } of log.read(topic, { from, signal: this.#stop.signal })) {
      await wire.prepare(topic, records);
      for (const record of records) {
        const message = wire.decode(topic, partition, record);
        if (message instanceof Refusal) continue;
        if (!this.#awaited.delete(sampleIdOf(message))) continue;
        this.#arrived += 1;
        this.latencyMs.add(record.timestamp - message.ingestTime);
        this.latest = message;
      }
    }
  }
}

interface TopicFrom {
  readonly topic: string;
  readonly from: ReadonlyMap<number, number>;
}

/** The sample a score or a dead letter is about; samples are published under their ids as keys. */
const sampleIdOf = ({ messageId, recordKey }: Message): string =>
  typeof messageId === 'string'
    ? messageId
    : recordKey instanceof Uint8Array
      ? Buffer.from(recordKey).toString()
      : '';
