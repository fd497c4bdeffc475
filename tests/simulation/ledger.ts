// What really happened at the log, known to nobody in the world: who was handed what, what was applied, what was
// committed. Commits are checked as they come: none may pass what is stored.
import type { Delivery } from '../../connectors/delivery.ts';
import type { Batch, BatchHandler, Log, LogRecord, Published } from '../../connectors/log.ts';
import { Refusal } from '../../connectors/wire/refusal.ts';
import type { Wire } from '../../connectors/wire/wire.ts';
import type { Tally } from './faults.ts';
import { originOf } from './messages.ts';
import type { ClickhouseStorage } from './table.ts';

type Batches = Parameters<Log['publish']>[0];

/** A member's view of the log, and a publish that says whether its client still waits. */
export interface WitnessedLog extends Log {
  publishFor(batches: Batches, request: { readonly abandoned: boolean }): Promise<readonly Published[]>;
}

/** Which assignments a member is delivering for, also those that it has lost and does not know of. */
export class Holdings {
  readonly #delivering = new Map<string, number[]>();

  of(partition: string): readonly number[] {
    return this.#delivering.get(partition) ?? [];
  }

  /** The delivery, noting what it is at. */
  noting<Out>(group: string, delivery: Delivery<Out>): Delivery<Out> {
    return {
      resume: (batch) => delivery.resume(batch),
      deliver: async (chunk) => {
        const key = `${group} ${keyOf(chunk.batch)}`;
        const { generation } = chunk.batch;
        this.#delivering.set(key, [...this.of(key), generation]);
        try {
          await delivery.deliver(chunk);
        } finally {
          const left = [...this.of(key)];
          left.splice(left.indexOf(generation), 1);
          this.#delivering.set(key, left);
        }
      },
    };
  }
}

export class Ledger {
  /** How often an output's id was applied when it could not have been known to be there: `docs/guarantees.md`. */
  readonly excused = new Map<string, number>();
  readonly violations: string[] = [];
  /** Origins of everything that is in an output topic. */
  readonly published = new Set<string>();
  readonly #wire: Wire;
  readonly #tally: Tally;
  readonly #stored: ClickhouseStorage;
  /** The latest assignment of each input partition that was handed anything. */
  readonly #handed = new Map<string, number>();
  readonly #committed = new Map<string, number>();

  constructor(wire: Wire, tally: Tally, stored: ClickhouseStorage) {
    this.#wire = wire;
    this.#tally = tally;
    this.#stored = stored;
  }

  /** The log as one member sees it. Its generations begin behind `generationBase`: those of a log begin anew with it. */
  witness(log: Log, generationBase: number, holdings: Holdings): WitnessedLog {
    const publishFor: WitnessedLog['publishFor'] = async (batches, request) => {
      // Noted before: a publish that dies half-way is applied in part.
      const begun = request.abandoned;
      const owned = this.#notePublish(batches, holdings, begun);
      const published = await log.publish(batches);
      // Its client gave up while it was not yet readable, and may have looked for it in vain; so may the partition’s
      // next owner have done.
      if (request.abandoned && !begun) this.#excuse(batches, 'published after giving up');
      else if (!begun)
        for (const share of owned)
          if (!this.#owns(share, holdings)) this.#excuse([share], 'published while the partition moved');
      return published;
    };
    return {
      createTopics: (specs) => log.createTopics(specs),
      ranges: (topics) => log.ranges(topics),
      publish: (batches) => publishFor(batches, { abandoned: false }),
      publishFor,
      positions: (group, topics) => log.positions(group, topics),
      groups: () => log.groups(),
      read: (topic, options) => log.read(topic, options),
      subscribe: (options, handler) => {
        const { group } = options;
        return log.subscribe(options, this.#handing(group, generationBase, handler));
      },
      close: () => log.close(),
    };
  }

  #handing(group: string, generationBase: number, handler: BatchHandler): BatchHandler {
    return (batch) => {
      const generation = generationBase + batch.generation;
      this.#handed.set(`${group} ${keyOf(batch)}`, generation);
      return handler({
        ...batch,
        generation,
        commit: async (offset, metadata) => {
          await batch.commit(offset, metadata);
          this.#noteCommit(group, batch, offset);
        },
      });
    };
  }

  /**
   * A publish by who no longer waits, or by who may no longer be the owner, can be unknown to the next reading back.
   * Returns what was published by its owner, record by record.
   */
  #notePublish(batches: Batches, holdings: Holdings, abandoned: boolean): Batches {
    const owned: { readonly topic: string; readonly records: readonly LogRecord[] }[] = [];
    for (const { topic, records } of batches) {
      if (topic === 'inputs') continue;
      for (const record of records) {
        this.published.add(originOf(this.#decode(topic, record)));
        const share = { topic, records: [record] };
        if (abandoned) this.#excuse([share], 'published after giving up');
        else if (this.#owns(share, holdings)) owned.push(share);
        else this.#excuse([share], 'published by a zombie');
      }
    }
    return owned;
  }

  #owns({ topic, records }: Batches[number], holdings: Holdings): boolean {
    // `chain 0/7` → `chain inputs/0`: who has to own what, to publish it.
    const key = originOf(this.#decode(topic, records[0]!)).replace(/ (\d+)\/.*$/, ' inputs/$1');
    return holdings.of(key).every((generation) => generation === this.#handed.get(key));
  }

  #excuse(batches: Batches, why: string): void {
    for (const { topic, records } of batches) {
      if (topic === 'inputs') continue;
      for (const record of records) {
        const { id } = this.#decode(topic, record);
        this.excused.set(id, (this.excused.get(id) ?? 0) + 1);
        this.#tally.add(why);
      }
    }
  }

  #decode(topic: string, record: LogRecord) {
    const message = this.#wire.decode(topic, 0, { ...record, offset: 0 });
    if (message instanceof Refusal) throw new Error(`the simulation published ${message.reason}`);
    return message;
  }

  /** Everything before a committed offset must be where the group brings it. */
  #noteCommit(group: string, { topic, partition }: Batch, offset: number): void {
    const key = `${group} ${topic}/${partition}`;
    const from = this.#committed.get(key) ?? 0;
    this.#committed.set(key, Math.max(from, offset));
    for (let at = from; at < offset; at += 1) {
      const isStored = group === 'sink' && this.#stored.rows.has(`${topic}/${partition}/${at}`);
      const there = isStored || (topic === 'inputs' && this.published.has(`${group} ${partition}/${at}`));
      if (there) continue;
      this.violations.push(`${group} committed ${offset} of ${topic}/${partition}, but ${at} is not stored`);
      return;
    }
  }
}

const keyOf = ({ topic, partition }: Batch): string => `${topic}/${partition}`;
