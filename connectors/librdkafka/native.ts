// librdkafka through @confluentinc/kafka-javascript: how it is loaded, and the part of its node-rdkafka interface that
// is used here. The package's other interface, kafkajs's look-alike, is slower and has stalled for a day
// (confluent-kafka-javascript#476); nothing here goes through it.
import { Misconfigured } from '../../schemas/errors.ts';

export interface NativeError extends Error {
  readonly code: number;
}

export interface Place {
  readonly topic: string;
  readonly partition: number;
}

export interface NativePosition extends Place {
  /** Absent, or −1001, where there is none. */
  readonly offset?: number;
  readonly metadata?: string | null;
  readonly error?: { readonly code: number; readonly message: string };
}

export interface NativeMessage extends Place {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers?: readonly Readonly<Record<string, Buffer>>[];
  readonly timestamp: number;
  readonly offset: number;
}

export interface DeliveryReport<Opaque> extends Place {
  readonly offset: number;
  readonly opaque: Opaque;
}

export interface NativeLogLine {
  readonly severity: number;
  readonly fac: string;
  readonly message: string;
  readonly name: string;
}

export type Callback<Result = unknown> = (error: NativeError | null, result: Result) => void;
export type Settings = Readonly<Record<string, unknown>>;

interface NativeClient {
  connect(options: { readonly timeout: number }, done: Callback): void;
  on(event: 'event.error', listener: (error: NativeError) => void): void;
  on(event: 'event.log', listener: (line: NativeLogLine) => void): void;
}

export interface NativeProducer<Opaque> extends NativeClient {
  produce(
    topic: string,
    partition: number,
    value: Buffer | null,
    key: Buffer | null,
    timestamp: number,
    opaque: Opaque,
    headers: readonly Readonly<Record<string, Buffer>>[] | undefined,
  ): void;
  setPollInBackground(background: boolean): void;
  disconnect(flushMs: number, done: Callback): void;
  on(event: 'event.error', listener: (error: NativeError) => void): void;
  on(event: 'event.log', listener: (line: NativeLogLine) => void): void;
  on(
    event: 'delivery-report',
    listener: (error: NativeError | null, report: DeliveryReport<Opaque>) => void,
  ): void;
}

export interface NativeConsumer extends NativeClient {
  setDefaultConsumeTimeout(timeoutMs: number): void;
  subscribe(topics: readonly string[]): void;
  assign(places: readonly (Place & { readonly offset: number })[]): void;
  incrementalAssign(places: readonly (Place & { readonly offset: number })[]): void;
  incrementalUnassign(places: readonly Place[]): void;
  /** Whether the group has taken this member's partitions away without waiting for it. */
  assignmentLost(): boolean;
  consume(count: number, done: Callback<readonly NativeMessage[]>): void;
  /** Begins a commit; how it ended is told by `offset.commit`. */
  commit(positions: readonly (Place & { readonly offset: number; readonly metadata: string })[]): void;
  /** From the broker. A partition that could not be read is an error in its place. */
  committed(
    places: readonly Place[],
    timeoutMs: number,
    done: Callback<readonly (NativePosition | Error)[]>,
  ): void;
  seek(place: Place & { readonly offset: number }, timeoutMs: number, done: Callback): void;
  pause(places: readonly Place[]): void;
  resume(places: readonly Place[]): void;
  /** From memory: the end is as of the last fetch, −1001 before it. */
  getWatermarkOffsets(topic: string, partition: number): { readonly highOffset: number };
  disconnect(done: Callback): void;
  on(event: 'event.error', listener: (error: NativeError) => void): void;
  on(event: 'event.log', listener: (line: NativeLogLine) => void): void;
  on(
    event: 'offset.commit',
    listener: (error: NativeError | undefined, places: readonly Place[]) => void,
  ): void;
  on(event: 'partition.eof', listener: (place: Place & { readonly offset: number }) => void): void;
}

export interface TopicDescription {
  readonly name: string;
  readonly partitions: readonly { readonly partition: number; readonly leader: unknown }[];
  readonly error?: { readonly code: number; readonly message: string };
}

export interface GroupList {
  readonly groups: readonly { readonly groupId: string }[];
}

interface Timeout {
  readonly timeout: number;
}

export interface NativeAdmin {
  createTopic(
    topic: {
      readonly topic: string;
      readonly num_partitions: number;
      readonly replication_factor: number;
      readonly config: Readonly<Record<string, string>>;
    },
    timeoutMs: number,
    done: Callback,
  ): void;
  listTopics(options: Timeout, done: Callback<readonly string[]>): void;
  describeTopics(
    topics: readonly string[],
    options: Timeout,
    done: Callback<readonly TopicDescription[]>,
  ): void;
  listOffsets(
    places: readonly (Place & { readonly offset: unknown })[],
    options: Timeout,
    done: Callback<readonly NativePosition[]>,
  ): void;
  listGroups(options: Timeout, done: Callback<GroupList>): void;
  disconnect(): void;
}

export interface Native {
  readonly librdkafkaVersion: string;
  /** What librdkafka was built with: `ssl`, `sasl_scram`, `zstd` … */
  readonly features: readonly string[];
  readonly Producer: new <Opaque>(settings: Settings) => NativeProducer<Opaque>;
  readonly KafkaConsumer: new (settings: Settings, topicSettings: Settings) => NativeConsumer;
  readonly AdminClient: {
    create(settings: Settings, listeners: Readonly<Record<string, (event: never) => void>>): NativeAdmin;
  };
}

/** The commands that make the module, for Debian and its relatives. */
export const installation =
  'npm install --include=optional --ignore-scripts && apt-get install g++ make python3 zlib1g-dev libssl-dev libsasl2-dev libzstd-dev libcurl4-openssl-dev && CKJS_LINKING=dynamic npm rebuild @confluentinc/kafka-javascript --ignore-scripts=false';

/** Loads the module. Throws `Misconfigured` (code `kafka-client-missing`) where it is not installed or not built. */
export async function loadNative(): Promise<Native> {
  try {
    const loaded: { readonly default: unknown } = await import('@confluentinc/kafka-javascript');
    return loaded.default as Native;
  } catch (error) {
    const [reason] = (error instanceof Error ? error.message : String(error)).split('\n');
    throw new Misconfigured(`KAFKA_CLIENT=librdkafka: its native module does not load (${reason}).`, {
      code: 'kafka-client-missing',
      fix: `Build it: ${installation}. Or set KAFKA_CLIENT=kafkajs.`,
      cause: error,
    });
  }
}

/** Calls a function that takes node-rdkafka's kind of callback. */
export function answered<Result>(call: (done: Callback<Result>) => void): Promise<Result> {
  return new Promise((resolve, reject) => {
    call((error, result) => (error ? reject(error) : resolve(result)));
  });
}
