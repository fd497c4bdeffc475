// Requests of record batches in the making, one for each partition: records are spread here, and encoded once.
import type { TopicMessages } from 'kafkajs';
import type { LogRecord } from '../log.ts';
import { asMessages, OutgoingBatch } from './produce-request.ts';
import { extend, type Order, type Request } from './request.ts';

// Brokers refuse batches above 1 MiB by default (`message.max.bytes`). Encoding holds up everything else in the
// process, so a request is not as large as a broker would take it.
const batchBytesMax = 900_000;
const requestBytesMax = 4_000_000;

/** Chooses the partition of a topic’s record. A publish begins with `turn`. */
export interface Spreading {
  turn(topic: string): void;
  partitionOf(topic: string, record: LogRecord): number;
}

/** Consecutive records of one order in a batch. */
interface Run {
  readonly order: Order;
  count: number;
}

interface Lot {
  readonly topic: string;
  readonly batch: OutgoingBatch;
  readonly runs: Run[];
}

/** Cuts orders into requests within the limits, keeping the order of each partition’s records. */
export function* cutOwn(
  orders: readonly Order[],
  spreading: Spreading,
  compression: number,
): Generator<Request> {
  let request = new OwnRequest(compression);
  for (const order of orders)
    for (const { topic, records } of order.batches) {
      if (order.failed) break;
      spreading.turn(topic);
      for (const record of records) {
        const partition = spreading.partitionOf(topic, record);
        if (request.add(order, topic, partition, record)) continue;
        yield request;
        request = new OwnRequest(compression);
        if (order.failed) break;
        request.add(order, topic, partition, record);
      }
    }
  if (request.topics.length > 0) yield request;
}

class OwnRequest implements Request {
  readonly #compression: number;
  /** By topic and partition. */
  readonly #lots = new Map<string, Lot[]>();
  readonly #orders = new Set<Order>();
  #bytes = 0;

  constructor(compression: number) {
    this.#compression = compression;
  }

  get topics(): readonly string[] {
    return [...this.#lots.keys()];
  }

  /** In the order in which they were published, which is the order of every partition’s records. */
  orders(): readonly Order[] {
    const unwritten = new Set(this.#unwritten().flatMap(({ runs }) => runs.map(({ order }) => order)));
    return [...this.#orders].filter((order) => unwritten.has(order));
  }

  messages(): TopicMessages[] {
    return [...this.#lots].map(([topic, lots]) => ({
      topic,
      messages: asMessages(Object.values(lots).map(({ batch }) => batch)),
    }));
  }

  /** A partition’s share that the broker has already is the order’s, and is not sent again. */
  only(order: Order): Request {
    const request = new OwnRequest(this.#compression);
    for (const { topic, batch, runs } of this.#unwritten()) {
      let at = 0;
      for (const run of runs) {
        const records = batch.builder.records.slice(at, at + run.count);
        if (run.order === order)
          for (const record of records) request.add(order, topic, batch.partition, record);
        at += run.count;
      }
    }
    return request;
  }

  settle(): void {
    for (const { topic, batch, runs } of this.#all()) {
      if (batch.baseOffset === undefined) continue;
      let { baseOffset } = batch;
      for (const { order, count } of runs) {
        extend(order.published, { topic, partition: batch.partition, baseOffset, count });
        baseOffset += count;
      }
    }
  }

  /** Takes the record unless there is no room. An empty batch takes any: one that is too large is the broker’s to refuse. */
  add(order: Order, topic: string, partition: number, record: LogRecord): boolean {
    if (this.#bytes > requestBytesMax) return false;
    const { batch, runs } = this.#lot(topic, partition);
    const before = batch.builder.bytes;
    if (!batch.builder.add(record, batchBytesMax)) return false;
    this.#bytes += batch.builder.bytes - before;
    const run = runs.at(-1);
    if (run?.order === order) run.count += 1;
    else {
      runs.push({ order, count: 1 });
      this.#orders.add(order);
    }
    return true;
  }

  #lot(topic: string, partition: number): Lot {
    let lots = this.#lots.get(topic);
    if (!lots) {
      lots = [];
      this.#lots.set(topic, lots);
    }
    lots[partition] ??= { topic, batch: new OutgoingBatch(partition, this.#compression), runs: [] };
    return lots[partition];
  }

  #all(): Lot[] {
    return [...this.#lots.values()].flatMap((lots) => Object.values(lots));
  }

  #unwritten(): Lot[] {
    return this.#all().filter(({ batch }) => batch.baseOffset === undefined);
  }
}
