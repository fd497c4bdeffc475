// A librdkafka consumer as the rest of this folder uses it. Nothing here waits in a native call: such a call holds
// one of libuv's few threads, and a process has several consumers.
import { setTimeout as sleep } from 'node:timers/promises';
import type { KafkaOptions } from '../kafka/client.ts';
import { calling } from './failure.ts';
import {
  answered,
  type Native,
  type NativeConsumer,
  type NativeError,
  type NativeMessage,
  type Place,
  type Settings,
} from './native.ts';
import { commonSettings, listeners } from './settings.ts';

const connectMs = 5_000;
const seekMs = 5_000;
const closeMs = 10_000;
const recordsMax = 1_000;
// librdkafka says when its queue fills. Should that word be lost, which is how consumers have stalled for good
// (confluent-kafka-javascript#476), it is asked this often anyway.
const askMs = 50;
const prefetchKibibytesMin = 4_096;

interface Hearing {
  rebalance?(kind: 'assign' | 'revoke', places: readonly Place[]): void;
  committed?(error: NativeError | undefined, place: Place): void;
  ended?(place: Place & { readonly offset: number }): void;
  /** Errors beside the requests: brokers that are away, a login that was refused. */
  failed(error: NativeError): void;
}

/** Fetch sizes, in bytes and milliseconds. */
interface Fetching {
  readonly waitMs: number;
  readonly bytesMin: number;
  readonly partitionBytesMax: number;
}

export class Consumer {
  readonly native: NativeConsumer;
  #wake: (() => void) | undefined;
  #filled = false;

  constructor(
    native: Native,
    options: KafkaOptions,
    settings: Settings,
    topicSettings: Settings,
    hearing: Hearing,
  ) {
    this.native = new native.KafkaConsumer(
      {
        ...commonSettings(native, options),
        'enable.auto.commit': false, // it would wipe the metadata of the handlers' own commits
        'enable.auto.offset.store': false,
        'isolation.level': 'read_committed',
        'check.crcs': true,
        'fetch.error.backoff.ms': 100,
        'fetch.queue.backoff.ms': 10,
        queue_non_empty_cb: () => this.wake(),
        ...(hearing.committed ? { offset_commit_cb: true } : {}),
        ...(hearing.rebalance
          ? {
              rebalance_cb: (error: NativeError, places: readonly Place[]) =>
                hearing.rebalance?.(error.code === -175 ? 'assign' : 'revoke', places),
            }
          : {}),
        ...settings,
      },
      topicSettings,
    );
    this.native.setDefaultConsumeTimeout(0);
    const heard = listeners(options.logger, hearing.failed);
    this.native.on('event.log', heard['event.log']);
    this.native.on('event.error', heard['event.error']);
    this.native.on('offset.commit', (error, places) => {
      for (const place of places) hearing.committed?.(error, place);
    });
    this.native.on('partition.eof', (place) => hearing.ended?.(place));
  }

  async connect(): Promise<void> {
    await calling('connect a consumer', () =>
      answered((done) => this.native.connect({ timeout: connectMs }, done)),
    );
  }

  /** What has been fetched by now, at most 1,000 records; also lets librdkafka call back. */
  poll(): Promise<readonly NativeMessage[]> {
    this.#filled = false;
    return answered((done) => this.native.consume(recordsMax, done));
  }

  seek(place: Place, offset: number): Promise<unknown> {
    return answered((done) => this.native.seek({ ...place, offset }, seekMs, done));
  }

  /** Until there may be something to poll for, or `wake` is called. */
  async idle(): Promise<void> {
    if (this.#filled) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, askMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
  }

  wake(): void {
    this.#filled = true;
    this.#wake?.();
  }

  /** Leaves the group, where it is in one. Nothing native may be called afterwards: it would end the process. */
  async close(): Promise<void> {
    const closed = answered((done) => this.native.disconnect(done)).catch(() => undefined);
    await Promise.race([closed, sleep(closeMs, undefined, { ref: false })]);
  }
}

/** Settings that bound what is fetched ahead. */
export function fetchSettings({ waitMs, bytesMin, partitionBytesMax }: Fetching): Settings {
  const requestBytesMax = Math.max(10_485_760, partitionBytesMax);
  return {
    'fetch.wait.max.ms': waitMs,
    'fetch.min.bytes': bytesMin,
    'max.partition.fetch.bytes': partitionBytesMax,
    'fetch.max.bytes': requestBytesMax,
    'receive.message.max.bytes': requestBytesMax + 1_048_576,
    'queued.min.messages': 10_000,
    'queued.max.messages.kbytes': Math.max(prefetchKibibytesMin, Math.ceil((8 * partitionBytesMax) / 1_024)),
  };
}
