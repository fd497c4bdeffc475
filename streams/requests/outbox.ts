// What requests made on its way to the topics: published after the answer, many at a time, from a bounded buffer.
// A request is answered before its results are durable: a process that is killed loses what is still in here.
import { setTimeout as wait } from 'node:timers/promises';
import type { Addressed } from '../../connectors/delivery.ts';
import { Overloaded, Retryable } from '../../schemas/errors.ts';
import type { Message } from '../../schemas/topic.ts';
import type { Stack } from '../stack.ts';

type OutboxStack = Pick<Stack, 'log' | 'wire' | 'logger' | 'metrics' | 'now'>;

interface OutboxOptions {
  /** Messages that may wait; a request that makes more is refused. */
  readonly messagesMax: number;
}

/** Results of so many milliseconds go together. */
const lingerMs = 20;
const batchMessages = 2_000;
const retryMs = 500;

export class Outbox {
  readonly #stack: OutboxStack;
  readonly #messagesMax: number;
  #waiting: Addressed[] = [];
  #publishing = 0;
  #running: Promise<void> | null = null;
  readonly #closing = new AbortController();

  constructor(stack: OutboxStack, { messagesMax }: OutboxOptions) {
    this.#stack = stack;
    this.#messagesMax = messagesMax;
  }

  /** Throws `Overloaded` (`results-waiting`) where so many messages more have no room. */
  assertRoom(messages: number): void {
    if (this.#waiting.length + this.#publishing + messages <= this.#messagesMax) return;
    throw new Overloaded('too many results of requests wait to be published', { code: 'results-waiting' });
  }

  add(messages: readonly Addressed[]): void {
    this.#waiting.push(...messages);
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
    });
  }

  /** Publishes what waits, within a time; what is left then is given up, counted and logged. */
  async close(withinMs: number): Promise<void> {
    const timer = setTimeout(() => this.#closing.abort(), withinMs);
    await this.#running;
    clearTimeout(timer);
    this.#closing.abort();
    if (this.#waiting.length > 0)
      this.#lose(this.#waiting.splice(0), 'the process ended before they were published');
  }

  async #run(): Promise<void> {
    await wait(lingerMs);
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, batchMessages);
      this.#publishing = batch.length;
      this.#tell();
      const rest = await this.#publish(batch);
      this.#publishing = 0;
      this.#tell();
      if (rest.length === 0) continue;
      this.#waiting = [...rest, ...this.#waiting];
      return;
    }
  }

  /** What could not be published before the end. */
  async #publish(batch: readonly Addressed[]): Promise<readonly Addressed[]> {
    const { log, logger, metrics } = this.#stack;
    for (;;) {
      try {
        await log.publish(this.#encoded(batch));
        metrics.httpResults.add({ outcome: 'published' }, batch.length);
        return [];
      } catch (error) {
        if (!(error instanceof Retryable)) {
          this.#lose(batch, 'they could not be published', error);
          return [];
        }
        logger.warn(
          { err: error, waiting: this.#waiting.length },
          'results of requests are published again soon',
        );
      }
      await wait(retryMs, undefined, { signal: this.#closing.signal }).catch(() => {});
      if (this.#closing.signal.aborted) return batch;
    }
  }

  #encoded(batch: readonly Addressed[]) {
    const { wire, now } = this.#stack;
    const byTopic = new Map<string, Message[]>();
    for (const { topic, message } of batch) {
      const messages = byTopic.get(topic);
      if (messages) messages.push(message);
      else byTopic.set(topic, [message]);
    }
    return [...byTopic].map(([topic, messages]) => ({ topic, records: wire.encode(topic, messages, now()) }));
  }

  #lose(messages: readonly Addressed[], why: string, error?: unknown): void {
    this.#stack.metrics.httpResults.add({ outcome: 'lost' }, messages.length);
    this.#stack.logger.error(
      { err: error, messages: messages.length },
      `results of requests are lost: ${why}`,
    );
  }

  #tell(): void {
    this.#stack.metrics.httpResultsWaiting.set({}, this.#waiting.length + this.#publishing);
  }
}
