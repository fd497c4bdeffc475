// A member of a consumer group. librdkafka fetches, joins and heartbeats in threads of its own; this polls it, decides
// which handler runs when, and how the subscription ends. Polling never waits for handlers.
import { setTimeout as sleep } from 'node:timers/promises';
import { Fenced, Misconfigured, Retryable } from '../../schemas/errors.ts';
import { inTime } from '../in-time.ts';
import type { KafkaOptions } from '../kafka/client.ts';
import type { BatchHandler, Position, SubscribeOptions, Subscription } from '../log.ts';
import { Assignment } from './assignment.ts';
import { type BatchSurroundings, librdkafkaBatch } from './batch.ts';
import { Committer } from './committer.ts';
import { Consumer } from './consumer.ts';
import { codeOf, codes, failureOf } from './failure.ts';
import { Intake } from './intake.ts';
import type { Lane } from './lane.ts';
import { memberSettings } from './member-settings.ts';
import type { Native, NativeError } from './native.ts';
import type { Positions } from './positions.ts';
import { RangeWatch } from './range-watch.ts';
import type { Topics } from './topics.ts';

// A group may be waiting for another member's handlers.
const joinMs = 90_000;

/** What a subscription needs from its log. */
export interface Surroundings {
  readonly native: Native;
  readonly options: KafkaOptions;
  readonly topics: Topics;
  readonly positions: Positions;
  nextGeneration(): number;
}

export class LibrdkafkaSubscription implements Subscription {
  readonly done: Promise<void>;
  readonly #options: SubscribeOptions;
  readonly #handler: BatchHandler;
  readonly #surroundings: Surroundings;
  readonly #consumer: Consumer;
  readonly #assignment: Assignment;
  readonly #committer: Committer;
  readonly #intake: Intake;
  readonly #watch: RangeWatch;
  readonly #running = new Set<Promise<void>>();
  #polling: Promise<void> | undefined;
  #joined = false;
  #onJoined: (() => void) | undefined;
  #ending: Promise<void> | undefined;
  #stopped = false;
  #settle!: { resolve(): void; reject(error: unknown): void };

  constructor(surroundings: Surroundings, options: SubscribeOptions, handler: BatchHandler) {
    this.#surroundings = surroundings;
    this.#options = options;
    this.#handler = handler;
    const { settings, topicSettings } = memberSettings(options);
    this.#consumer = new Consumer(surroundings.native, surroundings.options, settings, topicSettings, {
      rebalance: (kind, places) => this.#assignment.answer(kind, places),
      committed: (error, place) => this.#committer.answered(error, place),
      failed: (error) => this.#hear(error),
    });
    const native = () => this.#consumer.native;
    this.#intake = new Intake(this.#consumer, options.partitionBytesMax);
    this.#assignment = new Assignment({
      group: options.group,
      positions: surroundings.positions,
      consumer: native,
      nextGeneration: surroundings.nextGeneration,
      betweenPolls: (work) => this.#intake.betweenPolls(work),
      drainMs: options.sessionTimeoutMs / 2,
      lost: (lane, start) => this.#tellLoss(lane, start),
      failed: (error) => void this.#end(error),
      changed: () => this.#changed(),
    });
    this.#committer = new Committer(native, options.sessionTimeoutMs);
    this.#watch = new RangeWatch(surroundings.topics, this.#assignment);
    this.done = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    this.done.catch(() => undefined); // the owner may look at it only when it closes
  }

  /** Joins the group; resolves when it has given this member its share, which may be nothing. */
  async start(): Promise<void> {
    const { group, topics } = this.#options;
    await this.#consumer.connect();
    try {
      this.#consumer.native.subscribe(topics);
    } catch (error) {
      void this.#end(failureOf(error, `subscribe to ${topics.join(', ')}`));
    }
    this.#polling = this.#poll();
    if ((await this.#joinedInTime()) === 'late')
      void this.#end(new Retryable(`Kafka: group ${group} gave no answer.`, { code: 'kafka-unreachable' }));
    if (this.#ending) await this.done;
  }

  async #joinedInTime(): Promise<'late' | undefined> {
    const joined = new Promise<undefined>((resolve) => {
      this.#onJoined = () => resolve(undefined);
    });
    const patience = new AbortController();
    const late = sleep(joinMs, 'late' as const, { signal: patience.signal }).catch(() => undefined);
    const ended = this.done.then(
      () => undefined,
      () => undefined,
    );
    const outcome = await Promise.race([joined, ended, late]);
    patience.abort();
    return outcome;
  }

  assigned(): readonly { readonly topic: string; readonly partition: number }[] {
    return [...this.#assignment.lanes].map(({ topic, partition }) => ({ topic, partition }));
  }

  pause(topic: string, partition: number): void {
    this.#setPaused(topic, partition, true);
  }

  resume(topic: string, partition: number): void {
    this.#setPaused(topic, partition, false);
    this.#dispatch();
  }

  seek(topic: string, partition: number, offset: number): void {
    this.#assignment.find({ topic, partition })?.seek(offset);
    this.#intake.wake();
  }

  close(): Promise<void> {
    return this.#end();
  }

  #setPaused(topic: string, partition: number, paused: boolean): void {
    const lane = this.#assignment.find({ topic, partition });
    if (lane) lane.paused = paused;
    this.#intake.wake();
  }

  #changed(): void {
    this.#joined = true;
    this.#onJoined?.();
    this.#intake.wake();
  }

  async #poll(): Promise<void> {
    try {
      while (!this.#stopped) {
        await this.#intake.prepare(this.#assignment.lanes, this.#ending !== undefined);
        this.#take(await this.#fetched());
        this.#dispatch();
      }
    } catch (error) {
      void this.#end(error);
      // The group must still be answered and commits told of while handlers finish.
      if (!this.#stopped) await this.#poll();
    }
  }

  async #fetched() {
    try {
      const messages = await this.#consumer.poll();
      if (messages.length === 0) await this.#consumer.idle();
      void this.#watch.look();
      return messages;
    } catch (error) {
      this.#hear(error as NativeError);
      await this.#consumer.idle();
      return [];
    }
  }

  #take(messages: Awaited<ReturnType<Consumer['poll']>>): void {
    let lane: Lane | undefined;
    for (const message of messages) {
      if (lane?.partition !== message.partition || lane.topic !== message.topic)
        lane = this.#assignment.find(message);
      lane?.put(message);
    }
  }

  #dispatch(): void {
    if (this.#ending) return;
    for (const lane of [...this.#assignment.lanes]) {
      if (this.#running.size >= this.#options.concurrency) return;
      if (lane.isReady) this.#run(lane);
    }
  }

  #run(lane: Lane): void {
    this.#assignment.rotate(lane);
    const records = lane.take(this.#options.partitionBytesMax);
    const { highOffset } = this.#consumer.native.getWatermarkOffsets(lane.topic, lane.partition);
    const end = Math.max(highOffset, records.at(-1)!.offset + 1);
    const batch = librdkafkaBatch(lane, records, end, this.#batchSurroundings);
    const running = this.#handle(lane, async () => this.#handler(batch)).finally(() => {
      this.#running.delete(running);
      lane.running = undefined;
      this.#dispatch();
      this.#intake.wake();
    });
    lane.running = running;
    this.#running.add(running);
  }

  async #handle(lane: Lane, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const gaveUp = error instanceof Fenced || (error instanceof Error && error.name === 'AbortError');
      if (!(gaveUp && lane.tenure.revoked.aborted)) void this.#end(error);
    }
  }

  get #batchSurroundings(): BatchSurroundings {
    const { group, sessionTimeoutMs } = this.#options;
    return {
      committer: this.#committer,
      heartbeatMs: Math.min(3_000, Math.floor(sessionTimeoutMs / 10)),
      committed: async ({ topic, partition }): Promise<Position | null> => {
        const [position] = await this.#surroundings.positions.read(group, [{ topic, partition }]);
        return position ?? null;
      },
    };
  }

  // Errors that librdkafka gets over by itself are in its log; those about which a person has to act end this.
  #hear(error: NativeError): void {
    if (codeOf(error) === codes.noOffset) {
      void this.#watch.look('now');
      return;
    }
    const failure = failureOf(error, `go on in group ${this.#options.group}`);
    const passing = codeOf(error) === codes.unknownTopicOrPartition && this.#joined; // brokers that start know no topics yet
    const fatal = codeOf(error) === codes.fatal;
    if (fatal || (failure instanceof Misconfigured && !passing)) void this.#end(failure);
  }

  #tellLoss({ topic, partition, next }: Lane, start: number): void {
    const line = 'the next record of a partition is no longer in the log: going on at its start';
    this.#surroundings.options.logger?.('error', line, { topic, partition, next, start });
  }

  #end(failure?: unknown): Promise<void> {
    this.#ending ??= this.#shutDown(failure);
    return this.#ending;
  }

  async #shutDown(failure: unknown): Promise<void> {
    this.#assignment.close();
    this.#intake.wake();
    // One that does not end is left behind, and what it commits then is refused.
    await inTime(Promise.all(this.#running), this.#options.sessionTimeoutMs);
    await this.#assignment.answered().catch(() => undefined);
    this.#assignment.end();
    this.#stopped = true;
    this.#intake.wake();
    await this.#polling;
    this.#intake.stop();
    await this.#consumer.close();
    if (failure === undefined) this.#settle.resolve();
    else this.#settle.reject(failure);
  }
}
