// Publishes the dead letters of a stream that commits by another journal than the log's own outputs, once: the journal
// says where the dead letters ended before, and what lies behind that end is read back before anything is repeated.
import type { DeadLetter } from '../schemas/dead-letter.ts';
import { publishedIds } from './chunk-outputs.ts';
import { deadLetterOf } from './dead-letters.ts';
import type { Chunk } from './delivery.ts';
import type { Log } from './log.ts';
import { Ends } from './output-ends.ts';
import type { Wire } from './wire/wire.ts';

const topic = 'dead-letters';

export interface DeadLetterBoxOptions {
  readonly log: Log;
  readonly wire: Wire;
  /** Name of the stream. */
  readonly stage: string;
  /** Topics whose dead letters another stream makes of the same records. */
  readonly othersTopics: readonly string[];
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export class DeadLetterBox {
  readonly #options: DeadLetterBoxOptions;

  constructor(options: DeadLetterBoxOptions) {
    this.#options = options;
  }

  /** The letters that a chunk's invalid outcomes become, under ids that are the same on every run. */
  lettersOf({ batch, records, outcomes }: Chunk<unknown>): readonly DeadLetter[] {
    if (this.#options.othersTopics.includes(batch.topic)) return [];
    return outcomes.flatMap((outcome, index) => {
      if (outcome.kind !== 'invalid') return [];
      const { code, reason } = outcome;
      const { stage } = this.#options;
      const { topic, partition } = batch;
      return [deadLetterOf({ stage, topic, partition, record: records[index]!, code, reason })];
    });
  }

  /** Where the dead letters end now, as text for a journal. */
  async ends(): Promise<string> {
    return (await this.#endsNow()).print();
  }

  /** Publishes letters that were never published. */
  async publish(letters: readonly DeadLetter[]): Promise<void> {
    if (letters.length === 0) return;
    const { log, wire, now } = this.#options;
    await log.publish([{ topic, records: wire.encode(topic, letters, now()) }]);
  }

  /** Publishes those of the letters that are not behind the journalled ends; all of them where no ends are known. */
  async publishMissing(letters: readonly DeadLetter[], journalled: string | undefined): Promise<void> {
    if (letters.length === 0) return;
    const from = Ends.parse(journalled ?? '');
    if (!from) return this.publish(letters);
    const { log, wire } = this.#options;
    const there = await publishedIds(log, { wire }, from, await this.#endsNow());
    await this.publish(letters.filter(({ id }) => !there.has(id)));
  }

  async #endsNow(): Promise<Ends> {
    const ends = new Ends();
    for (const range of await this.#options.log.ranges([topic])) ends.set(range);
    return ends;
  }
}
