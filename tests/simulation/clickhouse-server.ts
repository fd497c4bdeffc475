// A ClickHouse server of a simulated world, and the client that the sink has of it. The server takes its time over an
// insert, compares its deadline with its own clock, dies in the middle and comes back.

import { insertFailure } from '../../connectors/clickhouse/failure.ts';
import type { RepairedRange } from '../../connectors/clickhouse/view-repair.ts';
import { type Clickhouse, type Insert, QueryFailed } from '../../connectors/clickhouse.ts';
import { Retryable } from '../../schemas/errors.ts';
import { answerOf } from './clickhouse-questions.ts';
import { Actor } from './clock.ts';
import type { Network, Surroundings } from './network.ts';
import type { ClickhouseStorage, StoredRow } from './table.ts';

/** ClickHouse ends a statement that runs longer (`max_execution_time`), wherever it is. */
const executionMsMax = 1_500;
const throwIf = 395;

export class ClickhouseServer {
  actor = new Actor('clickhouse#1');
  readonly storage: ClickhouseStorage;
  readonly #world: Surroundings;
  readonly #skewMs: number;
  #lives = 1;

  constructor(world: Surroundings, storage: ClickhouseStorage, skewMs: number) {
    this.#world = world;
    this.storage = storage;
    this.#skewMs = skewMs;
  }

  get now(): number {
    return this.#world.clock.now + this.#skewMs;
  }

  /** A dead server starts again on the same disk. */
  restart(): void {
    this.#lives += 1;
    this.actor = new Actor(`clickhouse#${this.#lives}`);
  }

  async insert(insert: Insert): Promise<void> {
    const { clock, random, tally, climate } = this.#world;
    const { actor } = this;
    if (this.now > insert.deadline) {
      tally.add('insert past its deadline');
      throw insertFailure(new QueryFailed('insert-deadline', throwIf), insert.table, insert.token);
    }
    if (random.chance(climate().refusedInserts)) {
      tally.add('insert refused');
      throw new Retryable('too many parts', { code: 'clickhouse-too-many-parts' });
    }
    const slow = random.chance(climate().slowInserts);
    if (slow) tally.add('insert slow');
    const startedAt = clock.now;
    const step = (): Promise<void> =>
      clock.sleep(actor, slow ? random.between(50, 900) : random.skewed(0.2, 10));
    await step();
    for (const done of this.storage.insert(insert)) {
      await step();
      if (clock.now - startedAt > executionMsMax) {
        tally.add(`insert cut off after a ${done}`);
        throw new Retryable('the statement took too long', { code: 'clickhouse-timeout' });
      }
    }
  }

  /** Rows of a range in the table. */
  rowsOf({ topic, partition, start, end }: RepairedRange): StoredRow[] {
    const places = this.storage.offsets({ topic, partition, start, end });
    return places.map((offset) => this.storage.rows.get(`${topic}/${partition}/${offset}`)!);
  }
}

/** The port over the network. Statements have connections of their own, as HTTP clients have. */
export class RemoteClickhouse implements Clickhouse {
  readonly #actor: Actor;
  readonly #network: Network;
  readonly #server: ClickhouseServer;

  constructor(actor: Actor, network: Network, server: ClickhouseServer) {
    this.#actor = actor;
    this.#network = network;
    this.#server = server;
  }

  insert(insert: Insert): Promise<void> {
    return this.call(`insert ${insert.token} of ${insert.rowCount}`, (server) => server.insert(insert));
  }

  query<Row>(sql: string, parameters: Readonly<Record<string, unknown>> = {}): Promise<readonly Row[]> {
    return this.call(
      `query ${sql.slice(0, 40)}`,
      async ({ storage, now }) => answerOf(sql, storage, now, parameters) as Row[],
    );
  }

  command(sql: string): Promise<void> {
    throw new Error(`the simulated ClickHouse cannot do ${sql}`);
  }

  format(sql: string): Promise<Buffer> {
    throw new Error(`the simulated ClickHouse cannot answer ${sql}`);
  }

  readOnly(sql: string): Promise<Buffer> {
    throw new Error(`the simulated ClickHouse cannot answer ${sql}`);
  }

  async close(): Promise<void> {}

  call<T>(what: string, apply: (server: ClickhouseServer) => Promise<T>): Promise<T> {
    const to = this.#server.actor.alive ? this.#server.actor : null;
    return this.#network.call({ from: this.#actor, to, lane: null, what, apply: () => apply(this.#server) });
  }
}
