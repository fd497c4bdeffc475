// Publishes numbered messages in series, the next of a series only after the last was acknowledged, and again whenever
// it does not know: a message may so be in the log several times. It remembers what was acknowledged.
import type { LogRecord } from '../../connectors/log.ts';
import type { Wire } from '../../connectors/wire/wire.ts';
import { Retryable } from '../../schemas/errors.ts';
import { derivedTraceparent } from '../../schemas/identity.ts';
import type { Broker } from './broker.ts';
import { Actor } from './clock.ts';
import { inputs, poison } from './messages.ts';
import type { Network, Surroundings } from './network.ts';

const monthMs = 31 * 86_400_000;
const retryMs = 100;

export class Producer {
  readonly actor = new Actor('producer');
  readonly sent = new Set<string>();
  readonly acknowledged = new Set<string>();
  readonly #world: Surroundings;
  readonly #network: Network;
  readonly #wire: Wire;
  #running = 0;

  constructor(world: Surroundings, network: Network, wire: Wire) {
    this.#world = world;
    this.#network = network;
    this.#wire = wire;
  }

  get done(): boolean {
    return this.#running === 0;
  }

  start(broker: () => Broker | null): void {
    const { clock, climate } = this.#world;
    const { keys, messages } = climate();
    this.#running = keys;
    for (let key = 0; key < keys; key += 1)
      clock.after(this.actor, 0, () => {
        this.#series(`series-${key}`, Math.ceil(messages / keys), broker).then(
          () => {
            this.#running -= 1;
          },
          (error) => clock.caught(error),
        );
      });
  }

  async #series(series: string, count: number, broker: () => Broker | null): Promise<void> {
    const { clock, random, climate } = this.#world;
    const pauseMs = climate().troubleMs / count;
    for (let sequence = 0; sequence < count; sequence += 1) {
      const id = `${series}/${sequence}`;
      this.sent.add(id);
      await this.#publish(id, this.#record(series, sequence, id), broker);
      this.acknowledged.add(id);
      // Bursts and pauses.
      if (random.chance(0.5)) await clock.sleep(this.actor, random.between(0, 4 * pauseMs));
    }
  }

  async #publish(id: string, record: LogRecord, current: () => Broker | null): Promise<void> {
    const { clock, tally } = this.#world;
    for (;;) {
      const broker = current();
      try {
        return void (await this.#network.call({
          from: this.actor,
          to: broker?.actor ?? null,
          lane: 'producer',
          what: `publish of ${id}`,
          apply: () => broker!.log.publish([{ topic: inputs.name, records: [record] }]),
        }));
      } catch (error) {
        if (!(error instanceof Retryable)) throw error;
        tally.add('producer tried again');
        await clock.sleep(this.actor, retryMs);
      }
    }
  }

  /** Some records are poison: half of those the model refuses, the others are no messages at all. */
  #record(series: string, sequence: number, id: string): LogRecord {
    const { clock, random, climate } = this.#world;
    const now = Math.floor(clock.now);
    const isPoison = random.chance(climate().poisonShare);
    const headers = { number: Buffer.from(id) };
    if (isPoison && random.chance(0.5))
      return { key: Buffer.from(series), value: Buffer.from('no message'), headers, timestamp: now };
    const message = {
      id,
      tenant: 'default',
      eventTime: now,
      // Two months are two table partitions: an insert that ClickHouse cuts in two.
      ingestTime: random.chance(0.5) ? now : now - monthMs,
      source: 'simulation',
      traceparent: derivedTraceparent(id),
      series,
      sequence,
      text: isPoison ? poison : 'well',
    };
    const [record] = this.#wire.encode(inputs.name, [message], now);
    return { ...record!, headers };
  }
}
