// Partitions of one subscription: which are owned, which are paused by their owner, which have a handler running.
import type { Consumer } from 'kafkajs';

export interface Lane {
  readonly topic: string;
  readonly partition: number;
  owned: boolean;
  /** By the owner of the subscription. */
  paused: boolean;
  /** A handler that was left running beside the fetches; nothing may be fetched until it is through. */
  busy: Promise<void> | null;
}

/** Keeps kafkajs's own pauses in step: they are lost when it restarts itself, and stay when a partition leaves. */
export class Lanes {
  readonly #consumer: Pick<Consumer, 'pause' | 'resume'>;
  readonly #lanes = new Map<string, Lane>();

  constructor(consumer: Pick<Consumer, 'pause' | 'resume'>) {
    this.#consumer = consumer;
  }

  of(topic: string, partition: number): Lane {
    const place = `${topic}/${partition}`;
    const lane = this.#lanes.get(place) ?? { topic, partition, owned: false, paused: false, busy: null };
    this.#lanes.set(place, lane);
    return lane;
  }

  assigned(): { readonly topic: string; readonly partition: number }[] {
    return [...this.#lanes.values()]
      .filter(({ owned }) => owned)
      .map(({ topic, partition }) => ({ topic, partition }));
  }

  /** Takes over a new assignment. Partitions that leave lose their pause. */
  assign(assignment: Readonly<Record<string, readonly number[]>>): void {
    for (const lane of this.#lanes.values()) lane.owned = false;
    for (const [topic, partitions] of Object.entries(assignment))
      for (const partition of partitions) this.of(topic, partition).owned = true;
    for (const lane of this.#lanes.values()) {
      lane.paused &&= lane.owned;
      this.#apply(lane);
    }
  }

  pause(topic: string, partition: number): void {
    const lane = this.of(topic, partition);
    lane.paused = true;
    this.#apply(lane);
  }

  resume(topic: string, partition: number): void {
    const lane = this.of(topic, partition);
    lane.paused = false;
    this.#apply(lane);
  }

  pauseAll(): void {
    for (const { topic, partition } of this.assigned()) this.pause(topic, partition);
  }

  /** Fetches nothing of a partition until its handler is through. */
  leaveBusy(lane: Lane, running: Promise<void>): void {
    lane.busy = running;
    this.#apply(lane);
    void running.then(() => {
      // An abandoned handler that ends after all has nothing to say about the one that runs by now.
      if (lane.busy !== running) return;
      lane.busy = null;
      this.#apply(lane);
    });
  }

  /** Forgets handlers that did not end in time: their tenure is over. The next assignment fetches again. */
  abandon(): void {
    for (const lane of this.#lanes.values()) lane.busy = null;
  }

  #apply({ topic, partition, paused, busy }: Lane): void {
    const place = [{ topic, partitions: [partition] }];
    try {
      if (paused || busy) this.#consumer.pause(place);
      else this.#consumer.resume(place);
    } catch {
      // kafkajs is between two of its own restarts; the next assignment applies it.
    }
  }
}
