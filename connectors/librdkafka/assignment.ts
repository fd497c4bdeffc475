// Which partitions this member owns. The group assigns cooperatively: partitions come and go one by one, and those
// that stay keep their handlers, tenure and buffers (librdkafka stops fetching them for about a second, though). What
// librdkafka asks for is answered here, in its order:
//   assign: the committed positions are read, then fetching begins there;
//   revoke: fetching stops, handlers are told, and wait to be through or for the bound; only then it is given up.
import { setTimeout as sleep } from 'node:timers/promises';
import { Retryable } from '../../schemas/errors.ts';
import { inTime } from '../in-time.ts';
import type { Position } from '../log.ts';
import { Lane, logStart } from './lane.ts';
import type { NativeConsumer, Place } from './native.ts';
import type { Positions } from './positions.ts';

const retryAfterMs = 200;

interface AssignmentSurroundings {
  readonly group: string;
  readonly positions: Positions;
  readonly consumer: () => NativeConsumer;
  /** A number no lane of this log had before. */
  nextGeneration(): number;
  /** Runs native work when no poll is going on, so that no record of before is taken for one of after. */
  betweenPolls(work: () => void): Promise<void>;
  /** Longest wait for handlers of partitions that go, in milliseconds. */
  readonly drainMs: number;
  lost(lane: Lane, start: number): void;
  /** The group cannot be answered. */
  failed(error: unknown): void;
  changed(): void;
}

export class Assignment {
  readonly #surroundings: AssignmentSurroundings;
  readonly #lanes = new Map<string, Lane>();
  /** Handlers that outlasted the bound, by partition: its next batch waits for them all the same. */
  readonly #outlasting = new Map<string, Promise<void>>();
  #answering: Promise<void> = Promise.resolve();
  #closing = false;

  constructor(surroundings: AssignmentSurroundings) {
    this.#surroundings = surroundings;
  }

  get lanes(): IterableIterator<Lane> {
    return this.#lanes.values();
  }

  find({ topic, partition }: Place): Lane | undefined {
    return this.#lanes.get(`${topic}/${partition}`);
  }

  /** Puts a lane behind the others. */
  rotate(lane: Lane): void {
    if (!this.#lanes.delete(lane.key)) return;
    this.#lanes.set(lane.key, lane);
  }

  /** From here on nothing is taken over any more. */
  close(): void {
    this.#closing = true;
    for (const lane of this.lanes) lane.tenure.revoke('The subscription is closing.');
  }

  /** Gives everything up, when the handlers are through. */
  end(): void {
    for (const lane of this.lanes) lane.tenure.end();
    this.#lanes.clear();
  }

  answer(kind: 'assign' | 'revoke', places: readonly Place[]): void {
    const before = this.#answering;
    this.#answering = before.then(() => (kind === 'assign' ? this.#assign(places) : this.#revoke(places)));
    this.#answering = this.#answering.catch((error: unknown) => this.#surroundings.failed(error));
  }

  /** Settles when everything asked for so far is answered. */
  answered(): Promise<void> {
    return this.#answering;
  }

  /** Goes on at the start of the log with a partition whose next offset the log does not hold. */
  async restart(lane: Lane, start: number): Promise<void> {
    const before = this.#answering;
    this.#answering = before.then(async () => {
      if (this.#lanes.get(lane.key) !== lane || this.#closing) return;
      await this.#dismiss([lane]);
      this.#surroundings.lost(lane, start);
      await this.#surroundings.betweenPolls(() => {
        const { consumer, nextGeneration } = this.#surroundings;
        consumer().incrementalUnassign([lane]);
        const next = new Lane(lane, nextGeneration(), start, lane.lastCommit && positionOf(lane), true);
        next.paused = lane.paused;
        this.#open(next);
        consumer().incrementalAssign([{ ...placeOf(lane), offset: start }]);
        if (!lane.fetching) consumer().resume([placeOf(lane)]);
      });
    });
    await this.#answering;
  }

  async #assign(places: readonly Place[]): Promise<void> {
    const positions = await this.#positions(places);
    const { betweenPolls, consumer, nextGeneration, changed } = this.#surroundings;
    await betweenPolls(() => {
      const starts = places.map(({ topic, partition }) => {
        const position = positions.find((one) => one.topic === topic && one.partition === partition) ?? null;
        return { topic, partition, position, offset: position ? position.offset : logStart };
      });
      if (!this.#closing)
        for (const { position, offset, ...place } of starts) {
          const outOfRange = position?.offset === logStart;
          this.#open(new Lane(place, nextGeneration(), offset, position, outOfRange));
        }
      consumer().incrementalAssign(starts.map(({ position: _, ...start }) => start));
      if (places.length > 0) consumer().resume(places.map(placeOf)); // a pause of an earlier tenure outlives it
    });
    changed();
  }

  #open(lane: Lane): void {
    this.#lanes.set(lane.key, lane);
    const before = this.#outlasting.get(lane.key);
    if (!before) return;
    lane.running = before;
    void before.then(() => {
      if (lane.running === before) lane.running = undefined;
      this.#surroundings.changed();
    });
  }

  // The group waits for this member's answer, and its partitions for the positions: both as long as it takes.
  async #positions(places: readonly Place[]): Promise<readonly Position[]> {
    const { group, positions } = this.#surroundings;
    while (places.length > 0 && !this.#closing) {
      try {
        return await positions.read(group, places.map(placeOf));
      } catch (error) {
        if (!(error instanceof Retryable)) throw error;
        await sleep(retryAfterMs);
      }
    }
    return [];
  }

  async #revoke(places: readonly Place[]): Promise<void> {
    const lanes = places.flatMap((place) => this.find(place) ?? []);
    const { betweenPolls, consumer, changed } = this.#surroundings;
    if (consumer().assignmentLost()) for (const lane of lanes) lane.tenure.end();
    await this.#dismiss(lanes);
    for (const lane of lanes) this.#lanes.delete(lane.key);
    await betweenPolls(() => consumer().incrementalUnassign(places.map(placeOf)));
    changed();
  }

  /** Tells the handlers of these lanes to finish and waits for them, within the bound; then their tenure is over. */
  async #dismiss(lanes: readonly Lane[]): Promise<void> {
    for (const lane of lanes) {
      lane.drop();
      lane.tenure.revoke('The group is rebalancing.');
    }
    await inTime(Promise.all(lanes.map(({ running }) => running)), this.#surroundings.drainMs);
    for (const lane of lanes) {
      lane.tenure.end();
      if (lane.running) this.#outlast(lane.key, lane.running);
    }
  }

  #outlast(key: string, running: Promise<void>): void {
    this.#outlasting.set(key, running);
    void running.then(() => {
      if (this.#outlasting.get(key) === running) this.#outlasting.delete(key);
    });
  }
}

const placeOf = ({ topic, partition }: Place): Place => ({ topic, partition });

const positionOf = ({ topic, partition, lastCommit }: Lane): Position => ({
  topic,
  partition,
  offset: lastCommit?.offset ?? 0,
  metadata: lastCommit?.metadata ?? '',
});
