// Publishing: every record is handed to librdkafka in the order of the calls, which batches, sends and retries under
// an idempotent producer id; each call resolves when the delivery reports of its own records are in.
import { Retryable } from '../../schemas/errors.ts';
import type { KafkaOptions } from '../kafka/client.ts';
import type { LogRecord, Published } from '../log.ts';
import { calling, codeOf, codes } from './failure.ts';
import { answered, type Native, type NativeProducer } from './native.ts';
import { Order, type TopicRecords } from './order.ts';
import type { Partitions } from './partitions.ts';
import { addressed, outgoingHeaders } from './record.ts';
import { commonSettings, listeners } from './settings.ts';

const connectMs = 5_000;
// Longer than a broker's restart: a record whose fate is known in the end is not published twice.
const deliverMs = 20_000;
const batchBytesMax = 900_000;
const recordBytesMax = 100_000_000;
const queueKibibytesMax = 65_536;

export class Publisher {
  readonly #native: Native;
  readonly #options: KafkaOptions;
  readonly #partitions: Partitions;
  #producer: NativeProducer<Order> | undefined;
  #broken = false;
  #waiting: Order[] = [];
  #working: Promise<void> | undefined;
  #closed = false;
  /** Records handed over whose delivery report is not in. */
  #outstanding = 0;
  #onReport: (() => void) | undefined;

  constructor(native: Native, options: KafkaOptions, partitions: Partitions) {
    this.#native = native;
    this.#options = options;
    this.#partitions = partitions;
  }

  publish(batches: readonly TopicRecords[]): Promise<readonly Published[]> {
    if (this.#closed)
      return Promise.reject(new Retryable('The Kafka log is closed.', { code: 'kafka-closed' }));
    const order = new Order(batches);
    this.#waiting.push(order);
    this.#working ??= this.#work();
    return order.done;
  }

  /** Delivers what was asked for, or gives up on it after the delivery time, then disconnects. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#working;
    await this.#delivered();
    await this.#forgetProducer();
  }

  async #work(): Promise<void> {
    for (let order = this.#waiting.shift(); order; order = this.#waiting.shift()) await this.#fulfil(order);
    this.#working = undefined; // in the same turn as the last look at what waits
  }

  async #fulfil(order: Order): Promise<void> {
    try {
      await this.#partitions.know(order.batches.map(({ topic }) => topic));
      // The broker refuses a whole record batch for one record that is too large: such a record travels alone.
      const alone = order.batches.some(({ topic, records }) => this.#partitions.isLarge(topic, records));
      if (alone) await this.#delivered();
      const producer = await this.#connected();
      for (const { topic, records } of order.batches)
        for (const record of records) {
          // Awaiting what is there already would cost more than the record does.
          const room = this.#hand(producer, order, topic, record);
          if (room) await room;
        }
      order.complete();
      if (alone) await this.#delivered();
    } catch (error) {
      order.fail(error);
      order.complete();
    }
  }

  /** Returns a promise only where librdkafka's queue is full. */
  #hand(
    producer: NativeProducer<Order>,
    order: Order,
    topic: string,
    record: LogRecord,
  ): Promise<void> | undefined {
    const partition = this.#partitions.choose(topic, record);
    const [key, value] = [addressed(record.key), addressed(record.value)];
    try {
      producer.produce(topic, partition, value, key, record.timestamp, order, outgoingHeaders(record));
    } catch (error) {
      if (codeOf(error) !== codes.queueFull) throw error;
      return this.#reported().then(() => this.#hand(producer, order, topic, record));
    }
    order.outstanding += 1;
    this.#outstanding += 1;
    return undefined;
  }

  async #connected(): Promise<NativeProducer<Order>> {
    if (this.#broken) {
      await this.#delivered();
      await this.#forgetProducer();
    }
    this.#producer ??= await calling('connect a producer', () => this.#connect());
    return this.#producer;
  }

  async #connect(): Promise<NativeProducer<Order>> {
    const producer = new this.#native.Producer<Order>({
      ...commonSettings(this.#native, this.#options),
      'enable.idempotence': true,
      acks: -1,
      'linger.ms': 0,
      'batch.size': batchBytesMax,
      'message.max.bytes': recordBytesMax,
      'message.timeout.ms': deliverMs,
      'request.timeout.ms': deliverMs / 2,
      'retry.backoff.ms': 100,
      'queue.buffering.max.kbytes': queueKibibytesMax,
      'compression.codec': this.#options.compression ?? 'none',
      dr_cb: true,
    });
    const heard = listeners(this.#options.logger, (error) => {
      if (error.code === codes.fatal) this.#broken = true;
    });
    producer.on('event.log', heard['event.log']);
    producer.on('event.error', heard['event.error']);
    producer.on('delivery-report', (error, report) => {
      this.#outstanding -= 1;
      if (codeOf(error) === codes.fatal) this.#broken = true;
      report.opaque.report(error, report);
      this.#onReport?.();
    });
    await answered((done) => producer.connect({ timeout: connectMs }, done));
    producer.setPollInBackground(true);
    return producer;
  }

  /** Resolves at the next delivery report; there is one for every record, in time. */
  #reported(): Promise<void> {
    return new Promise((resolve) => {
      this.#onReport = () => {
        this.#onReport = undefined;
        resolve();
      };
    });
  }

  async #delivered(): Promise<void> {
    while (this.#outstanding > 0) await this.#reported();
  }

  async #forgetProducer(): Promise<void> {
    const producer = this.#producer;
    this.#producer = undefined;
    this.#broken = false;
    if (producer) await answered((done) => producer.disconnect(1_000, done)).catch(() => undefined);
  }
}
