// A ClickHouse with the real migrations for the sink's tests, deliveries into it, and what can go wrong around them.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ClickhouseDelivery,
  type ClickhouseDeliveryOptions,
} from '../../../connectors/clickhouse/delivery.ts';
import { openEmbeddedClickhouse } from '../../../connectors/clickhouse/embedded.ts';
import { applyMigrations, readMigrations } from '../../../connectors/clickhouse/migrations.ts';
import type { DeadlineClock } from '../../../connectors/clickhouse/server-clock.ts';
import { TokenMemory } from '../../../connectors/clickhouse/token-memory.ts';
import { repairViews, type ViewState } from '../../../connectors/clickhouse/view-repair.ts';
import type { Clickhouse, Insert } from '../../../connectors/clickhouse.ts';
import type { StoredRecord } from '../../../connectors/log.ts';
import { type Outcome, ok } from '../../../schemas/outcome.ts';
import type { Prediction } from '../../../schemas/prediction.ts';
import type { Message } from '../../../schemas/topic.ts';
import { topics } from '../../../schemas/topics.ts';

/** The process is gone: neither Retryable nor Fenced, so that nothing catches it. */
export class Crash extends Error {}

function predictionOf({ offset, timestamp }: StoredRecord, ingestTime: number): Prediction {
  return {
    id: `id-${offset}`,
    tenant: 'default',
    eventTime: timestamp,
    ingestTime,
    source: 'test',
    traceparent: '00-a-b-01',
    messageId: `message-${offset}`,
    kind: 'comment',
    values: [],
    textLength: offset,
    language: 'en',
    results: [
      {
        task: 't',
        release: 't@1',
        label: 'l',
        confidence: 0.75,
        labels: ['l'],
        probabilities: [0.75],
        arm: null,
      },
    ],
  };
}

/** One row, in the table partition that `ingestTime` says. */
export const stored = (record: StoredRecord, ingestTime = record.timestamp): Outcome<Message> =>
  ok<Message>(predictionOf(record, ingestTime) as Message);

export const range = (start: number, end: number): number[] =>
  Array.from({ length: end - start }, (_, index) => start + index);

/** Chunks of ten records, a row for each. */
export const reading = { outcomeOf: (record: StoredRecord) => stored(record), chunkRecords: 10 };

/** A clock that says what it is told to. */
export const clockOf = (now: () => number): DeadlineClock => ({ now: async () => now(), doubt: () => {} });

/** A sink that makes no dead letters of its own. */
const noLetters: ClickhouseDeliveryOptions['letters'] = {
  lettersOf: () => [],
  ends: async () => '',
  publish: async () => {},
  publishMissing: async () => {},
};

export const silent = { inserted: () => {}, repeated: () => {}, stopped: () => {} };

const tables = ['predictions', 'histograms', 'confidences'];
const views = ['histograms_from_predictions', 'confidences_from_predictions', 'prediction_results'];

export class Sink {
  readonly clickhouse: Clickhouse;
  /** What was found of views that were compared since the tables were made anew, by the name of the view. */
  readonly views = new Map<string, ViewState>();
  readonly close: () => Promise<void>;

  /** Statements that make the tables and views of predictions, in their order. */
  readonly #definitions: readonly string[];

  constructor(clickhouse: Clickhouse, close: () => Promise<void>, definitions: readonly string[] = []) {
    this.clickhouse = clickhouse;
    this.#definitions = definitions;
    this.close = close;
  }

  /** Tables anew, as the migrations made them, so that no token of one test is remembered in the next. */
  async renew(): Promise<void> {
    for (const name of views) await this.clickhouse.command(`DROP VIEW ${name}`);
    for (const name of tables) await this.clickhouse.command(`DROP TABLE ${name} SYNC`);
    for (const statement of this.#definitions) await this.clickhouse.command(statement);
    this.views.clear();
  }

  deliveryOf(options: Partial<ClickhouseDeliveryOptions> = {}): ClickhouseDelivery {
    const { clickhouse } = this;
    return new ClickhouseDelivery({
      clickhouse,
      topics,
      clock: clockOf(Date.now),
      deadlineMs: 30_000,
      memory: this.memory(),
      repairViews: (range, stillOurs) =>
        repairViews(range, {
          clickhouse,
          // Nothing else inserts while these tests look.
          insertMs: 0,
          stillOurs,
          onView: (view, state) => this.views.set(view.split('.').at(-1)!, state),
        }),
      letters: noLetters,
      logStart: async () => 0,
      observer: silent,
      ...options,
    });
  }

  memory(
    monotonicMs = () => performance.now(),
    onMeasured: (table: string, seconds: number) => void = () => {},
  ): TokenMemory {
    return new TokenMemory({
      clickhouse: this.clickhouse,
      tables: ['predictions', 'features'],
      monotonicMs,
      onMeasured,
    });
  }

  /** A delivery so much later that ClickHouse may have forgotten every token; pushes what it found of a range. */
  laterDelivery(found: string[], options: Partial<ClickhouseDeliveryOptions> = {}): ClickhouseDelivery {
    return this.deliveryOf({
      memory: { marks: async () => ({}), remembers: async () => false },
      observer: { ...silent, repeated: (_, __, how) => found.push(how) },
      ...options,
    });
  }

  /** This ClickHouse with something going wrong around its inserts. */
  troubled(insert: (insert: Insert) => Promise<void>): Clickhouse {
    return {
      query: (sql, parameters) => this.clickhouse.query(sql, parameters),
      command: (sql) => this.clickhouse.command(sql),
      format: (sql, format) => this.clickhouse.format(sql, format),
      readOnly: (sql, format, limits) => this.clickhouse.readOnly(sql, format, limits),
      insert,
      close: async () => {},
    };
  }

  crashBefore(): Clickhouse {
    return this.troubled(async () => {
      throw new Crash('before the insert');
    });
  }

  crashAfter(): Clickhouse {
    return this.troubled(async (insert) => {
      await this.clickhouse.insert(insert);
      throw new Crash('after the insert');
    });
  }

  /** Asserts that exactly these offsets are stored, each once, in the table and in the histogram of labels. */
  async assertStored(offsets: readonly number[]): Promise<void> {
    const rows = await this.clickhouse.query<{ _offset: number }>(
      'SELECT _offset FROM predictions ORDER BY _offset',
    );
    assert.deepEqual(
      rows.map((row) => row._offset),
      offsets,
    );
    const [seen] = await this.clickhouse.query<{ results: number }>(
      "SELECT sum(count) AS results FROM histograms WHERE feature = 'label'",
    );
    assert.equal(seen!.results, offsets.length);
  }
}

export async function openSink(): Promise<Sink> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-sink-'));
  const clickhouse = await openEmbeddedClickhouse({ directory });
  await applyMigrations(clickhouse, await readMigrations());
  const made = await clickhouse.query<{ name: string; definition: string }>(
    'SELECT name, create_table_query AS definition FROM system.tables WHERE database = currentDatabase()',
  );
  const definitions = [...tables, ...views].map(
    (name) => made.find((each) => each.name === name)!.definition,
  );
  const close = async (): Promise<void> => {
    await clickhouse.close();
    await rm(directory, { recursive: true, force: true });
  };
  return new Sink(clickhouse, close, definitions);
}
