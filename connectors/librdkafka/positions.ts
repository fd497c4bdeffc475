// Committed positions, each group's through a consumer of that group that never joins it. The admin client could read
// them too, but a request of its to a group's coordinator that times out ends the process when the broker comes back
// (librdkafka 2.15.1: assertion in rd_kafka_enq_once_del_source_return), so none is ever made.
import type { KafkaOptions } from '../kafka/client.ts';
import type { Position } from '../log.ts';
import { Consumer } from './consumer.ts';
import { calling, failureOf } from './failure.ts';
import { answered, type Native, type NativePosition, type Place } from './native.ts';

const timeoutMs = 5_000;

export class Positions {
  readonly #native: Native;
  readonly #options: KafkaOptions;
  readonly #consumers = new Map<string, Promise<Consumer>>();

  constructor(native: Native, options: KafkaOptions) {
    this.#native = native;
    this.#options = options;
  }

  /** Positions of these partitions, from the broker; partitions without one are left out. */
  async read(group: string, places: readonly Place[]): Promise<readonly Position[]> {
    if (places.length === 0) return [];
    const doing = `read the positions of group ${group}`;
    const { native } = await this.#consumerOf(group);
    const found = await calling(doing, () =>
      answered<readonly (NativePosition | Error)[]>((done) => native.committed(places, timeoutMs, done)),
    );
    return found.flatMap((position) => {
      if (position instanceof Error) throw failureOf(position, doing);
      return positionOf(position);
    });
  }

  async close(): Promise<void> {
    const opened = await Promise.allSettled(this.#consumers.values());
    await Promise.all(opened.map((one) => (one.status === 'fulfilled' ? one.value.close() : undefined)));
  }

  #consumerOf(group: string): Promise<Consumer> {
    let consumer = this.#consumers.get(group);
    if (!consumer) {
      consumer = this.#open(group);
      this.#consumers.set(group, consumer);
      consumer.catch(() => this.#consumers.delete(group));
    }
    return consumer;
  }

  async #open(group: string): Promise<Consumer> {
    const hearing = { failed: () => undefined };
    const consumer = new Consumer(this.#native, this.#options, { 'group.id': group }, {}, hearing);
    await consumer.connect();
    return consumer;
  }
}

// An offset of −2 is what the other client leaves where retention had removed the committed place.
function positionOf({ topic, partition, offset, metadata }: NativePosition): Position[] {
  if (offset === undefined || offset === -1 || offset < -2) return [];
  return [{ topic, partition, offset, metadata: metadata ?? '' }];
}
