// A member of a group on a worker: what a client library of Kafka does. It joins, runs handlers for what it is handed,
// asks the broker whether it is still known, and joins again when it is not.
import type { Batch, BatchHandler, Position, SubscribeOptions, Subscription } from '../../connectors/log.ts';
import { Fenced, Retryable } from '../../schemas/errors.ts';
import type { Broker, MemberEnd, SentBatch } from './broker.ts';
import type { Actor, Clock } from './clock.ts';
import type { Holdings } from './ledger.ts';

/** Calls the broker that is there now; `Retryable` when it does not answer. */
export type Ask = <T>(
  lane: string,
  what: string,
  apply: (broker: Broker, request: { readonly abandoned: boolean }) => Promise<T>,
) => Promise<T>;

export interface Client {
  readonly actor: Actor;
  readonly clock: Clock;
  readonly holdings: Holdings;
  readonly ask: Ask;
  /** The broker that is there now, for what is never lost. */
  readonly tell: (run: (broker: Broker) => void) => void;
}

interface Running {
  readonly revoking: AbortController;
  readonly ended: Promise<void>;
}

const rejoinMs = 150;
const pollMs = 2_000;

export class RemoteSubscription implements Subscription, MemberEnd {
  readonly actor: Actor;
  readonly done: Promise<void>;
  readonly #client: Client;
  readonly #options: SubscribeOptions;
  readonly #handler: BatchHandler;
  readonly #running = new Map<number, Running>();
  #session: string | null = null;
  #attempts = 0;
  #ending: Promise<void> | null = null;
  #settle!: { resolve(): void; reject(error: unknown): void };

  constructor(client: Client, options: SubscribeOptions, handler: BatchHandler) {
    this.#client = client;
    this.actor = client.actor;
    this.#options = options;
    this.#handler = handler;
    this.done = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    this.done.catch(() => undefined);
  }

  /** Joins, as often as it takes. */
  async join(): Promise<void> {
    const { actor, clock, ask } = this.#client;
    while (!this.#ending) {
      this.#attempts += 1;
      const session = `${actor.name}/${this.#options.group}/${this.#attempts}`;
      // Known before the answer comes: the first batch may overtake it.
      this.#session = session;
      try {
        await ask('consumer', `join ${this.#options.group}`, (broker) =>
          broker.join(session, this.#options, this.#endOf(session), this.#client.holdings),
        );
        void this.#poll(session);
        return;
      } catch (error) {
        if (!(error instanceof Retryable)) throw error;
        // It may have been handed something all the same, for a session that nobody keeps alive now.
        this.#session = null;
        await this.#drain(this.#options.sessionTimeoutMs / 2);
        // A session that sends no heartbeats is taken out of the group.
        this.#client.tell((broker) => void broker.leave(session));
        await clock.sleep(actor, rejoinMs);
      }
    }
  }

  /** A batch for a session that was given up is not begun: nobody may answer for it. */
  #endOf(session: string): MemberEnd {
    return {
      actor: this.actor,
      begin: (batch) => {
        if (this.#session === session && !this.#ending) this.begin(batch);
      },
      revoke: (number) => this.revoke(number),
    };
  }

  begin(sent: SentBatch): void {
    const revoking = new AbortController();
    const ended = this.#run(sent, revoking).finally(() => {
      this.#running.delete(sent.number);
      this.#client.tell((broker) => broker.finished(sent.number));
    });
    this.#running.set(sent.number, { revoking, ended });
  }

  revoke(number: number): void {
    this.#running.get(number)?.revoking.abort();
  }

  async #run(sent: SentBatch, revoking: AbortController): Promise<void> {
    try {
      await this.#handler(this.#batch(sent, revoking.signal));
    } catch (error) {
      if (!(error instanceof Fenced && revoking.signal.aborted)) void this.#end(error);
    }
  }

  #batch({ number, ...sent }: SentBatch, revoked: AbortSignal): Batch {
    const { ask } = this.#client;
    const { topic, partition } = sent;
    const { group } = this.#options;
    const asMember = async (what: string, apply: (broker: Broker) => Promise<void>): Promise<void> => {
      try {
        await ask('consumer', what, apply);
      } catch (error) {
        if (error instanceof Fenced) this.revoke(number);
        throw error;
      }
    };
    return {
      ...sent,
      revoked,
      committed: () =>
        ask<Position | null>('admin', `committed of ${topic}/${partition}`, (broker) =>
          broker.committed(group, topic, partition),
        ),
      commit: (offset, metadata) =>
        asMember(`commit of ${topic}/${partition} to ${offset} ${metadata}`, (broker) =>
          broker.commit(number, offset, metadata),
        ),
      heartbeat: () => asMember('heartbeat', (broker) => broker.heartbeat(number)),
    };
  }

  async #poll(session: string): Promise<void> {
    const { actor, clock, ask } = this.#client;
    while (!this.#ending && this.#session === session) {
      await clock.sleep(actor, pollMs);
      const known = await ask('consumer', 'poll', (broker) => broker.knows(session)).catch(() => true);
      if (!known && this.#session === session) return this.#rejoin();
    }
  }

  /** Handlers that still run get half a session to end; then this member joins beside them, as with Kafka. */
  async #rejoin(): Promise<void> {
    this.#session = null;
    await this.#drain(this.#options.sessionTimeoutMs / 2);
    await this.join();
  }

  async #drain(withinMs: number): Promise<void> {
    for (const { revoking } of this.#running.values()) revoking.abort();
    const { actor, clock } = this.#client;
    const ended = Promise.all([...this.#running.values()].map((running) => running.ended));
    await Promise.race([ended, clock.sleep(actor, withinMs)]);
  }

  assigned(): readonly { readonly topic: string; readonly partition: number }[] {
    return [];
  }

  pause(): void {
    throw new Error('a simulated member cannot pause');
  }

  resume(): void {
    throw new Error('a simulated member cannot resume');
  }

  seek(): void {
    throw new Error('a simulated member cannot seek');
  }

  close(): Promise<void> {
    return this.#end();
  }

  #end(failure?: unknown): Promise<void> {
    this.#ending ??= this.#leave(failure);
    return this.#ending;
  }

  async #leave(failure: unknown): Promise<void> {
    const session = this.#session;
    this.#session = null;
    await this.#drain(this.#options.sessionTimeoutMs);
    if (session)
      await this.#client.ask('consumer', 'leave', (broker) => broker.leave(session)).catch(() => {});
    if (failure === undefined) this.#settle.resolve();
    else this.#settle.reject(failure);
  }
}
