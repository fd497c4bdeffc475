// A topic of one partition, read from its beginning and followed: what is asked first is answered with all of it.
import { setTimeout as sleep } from 'node:timers/promises';
import type { StoredRecord } from '../connectors/log.ts';
import { Refusal } from '../connectors/wire/refusal.ts';
import type { Message } from '../schemas/topic.ts';
import type { Stack } from './stack.ts';

const retryMs = 1_000;

export interface Following {
  /** First offset that there was when it began. */
  readonly start: number;
  /** The next offset to be read. */
  next(): number;
  close(): Promise<void>;
}

/**
 * Hands every message of the topic to `take`, in order, each once. Resolves when those that are there have been taken;
 * throws what the log throws until then, and tries again by itself from then on. With `once` it ends there. A record that
 * is no message is passed over; `refused` is told of it.
 */
export async function follow(
  { log, wire, logger }: Pick<Stack, 'log' | 'wire' | 'logger'>,
  topic: string,
  take: (message: Message, record: StoredRecord) => void,
  {
    once = false,
    refused,
  }: {
    readonly once?: boolean;
    readonly refused?: (refusal: Refusal, record: StoredRecord) => void;
  } = {},
): Promise<Following> {
  const closing = new AbortController();
  const { signal } = closing;
  const [range] = await log.ranges([topic]);
  const start = range?.start ?? 0;
  let next = start;
  const read = async (end?: number): Promise<void> => {
    const from = new Map([[0, next]]);
    const reading = log.read(topic, {
      from,
      signal,
      ...(end === undefined ? {} : { to: new Map([[0, end]]) }),
    });
    for await (const { partition, records } of reading) {
      await wire.prepare(topic, records);
      for (const record of records) {
        const message = wire.decode(topic, partition, record);
        next = record.offset + 1;
        if (message instanceof Refusal) refused?.(message, record);
        else take(message, record);
      }
    }
  };
  const goOn = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        await read();
      } catch (error) {
        if (signal.aborted) return;
        logger.warn({ err: error, topic }, 'a topic could not be read; trying again');
        await sleep(retryMs, undefined, { signal }).catch(() => {});
      }
    }
  };
  if (range && range.end > next) await read(range.end);
  const following = once ? Promise.resolve() : goOn();
  return {
    start,
    next: () => next,
    async close() {
      closing.abort();
      await following;
    },
  };
}

/** The newest messages of a topic, at most so many records of each partition. */
export async function newest(
  { log, wire }: Pick<Stack, 'log' | 'wire'>,
  topic: string,
  recordsMax: number,
): Promise<readonly Message[]> {
  const ranges = (await log.ranges([topic])).filter(({ start, end }) => end > start);
  if (ranges.length === 0) return [];
  const from = new Map(
    ranges.map(({ partition, start, end }) => [partition, Math.max(start, end - recordsMax)]),
  );
  const to = new Map(ranges.map(({ partition, end }) => [partition, end]));
  const messages: Message[] = [];
  for await (const { partition, records } of log.read(topic, { from, to })) {
    await wire.prepare(topic, records);
    for (const record of records) {
      const message = wire.decode(topic, partition, record);
      if (!(message instanceof Refusal)) messages.push(message);
    }
  }
  return messages;
}
