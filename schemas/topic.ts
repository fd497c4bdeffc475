// A topic: the one declaration of a message, from which everything that is said about it is printed.
import type { Fields, ValueOf } from './field.ts';

export interface Topic<F extends Fields = Fields> {
  /** Topic, table and metric prefix. */
  readonly name: string;
  /** Record name in Avro and AsyncAPI. */
  readonly title: string;
  readonly version: number;
  readonly doc: string;
  /** The field whose value is the record's key: equal keys keep their order. */
  readonly key: string;
  readonly fields: F;
  /** Keeps the latest record of each key instead of a span of time. */
  readonly compacted?: boolean;
  /** Partitions of a topic whose messages are few; the configured number otherwise. */
  readonly partitions?: number;
  /** Largest record the topic accepts, in bytes. */
  readonly recordBytesMax?: number;
  /** ClickHouse sorting key, most selective filter of usual queries first. */
  readonly orderBy: readonly string[];
  /** Fields by which single rows are looked up: each gets an index. */
  readonly lookedUpBy?: readonly string[];
  readonly producers: readonly string[];
  readonly consumers: readonly string[];
}

/** The message a topic carries. */
export type MessageOf<T extends Topic> = ValueOf<T['fields']>;

export function topic<const F extends Fields>(
  declaration: Topic<F> & { readonly key: keyof F; readonly orderBy: readonly (keyof F)[] },
): Topic<F> {
  return declaration;
}

/** What every message says about itself, whatever else it carries. */
export const envelope = {
  id: {
    type: 'text',
    doc: 'Identity of the message. Taken from `ce_id`, else the payload, else derived from topic, partition and offset.',
    maxLength: 256,
  },
  tenant: { type: 'label', doc: 'Who the message belongs to; `default` where the producer names none.' },
  eventTime: { type: 'time', unit: 'ms', doc: 'When it happened, by the producer’s clock.' },
  ingestTime: { type: 'time', unit: 'ms', doc: 'When the log accepted the source message.' },
  source: { type: 'label', doc: 'Which system produced the source message.' },
  traceparent: {
    type: 'text',
    doc: 'W3C trace context, `00-<trace id>-<span id>-<flags>`; one trace from the source message to every row.',
    carriedBy: 'header',
    maxLength: 64,
  },
} as const satisfies Fields;

/** A message of any topic. */
export type Message = ValueOf<typeof envelope> & Readonly<Record<string, unknown>>;
