// ClickHouse's disk as far as the sink's guarantee needs it: tables with a materialized view each, an insert that is cut
// into parts by month, and per table and view a window of the last tokens. What ClickHouse does with a token was
// measured on version 26.7 (shared/sink.md).
import type { Insert } from '../../connectors/clickhouse.ts';
import { type Column, clickhouseColumns, tableName } from '../../schemas/print/clickhouse.ts';
import type { Topic } from '../../schemas/topic.ts';
import { type Row, readRows } from './row-reader.ts';

/** What is stored of one record. */
export interface StoredRow {
  readonly id: string;
  /** Rows in the table: one, if all is well. */
  times: number;
  /** How often the view has counted it. */
  seen: number;
}

export interface StorageOptions {
  readonly topics: readonly Topic[];
  /** Blocks whose tokens a table remembers. */
  readonly window: number;
  /** Without a window of its own a view counts every retry: what a wrong migration would do. */
  readonly viewsRemember: boolean;
}

/** The blocks of a table or of a view's target. */
class Blocks {
  number = 0;
  readonly #window: number;
  readonly #tokens = new Map<string, number>();

  constructor(window: number) {
    this.#window = window;
  }

  /** Whether a block under this token is to be written. A repeat does not make the token newer. */
  add(token: string): boolean {
    const known = this.#tokens.get(token);
    if (known !== undefined && this.number - known < this.#window) return false;
    this.number += 1;
    this.#tokens.set(token, this.number);
    return true;
  }
}

export class ClickhouseStorage {
  /** By `topic/partition/offset`. */
  readonly rows = new Map<string, StoredRow>();
  /** By table, and by `table_seen` for the target of its view. */
  readonly blocks: ReadonlyMap<string, Blocks>;
  readonly window: number;
  readonly #tables: ReadonlyMap<string, Topic>;
  #strangers = 0;

  constructor({ topics, window, viewsRemember }: StorageOptions) {
    this.window = window;
    this.#tables = new Map(topics.map((topic) => [tableName(topic), topic]));
    this.blocks = new Map(
      [...this.#tables.keys()].flatMap((table) => [
        [table, new Blocks(window)] as const,
        [seenBy(table), new Blocks(viewsRemember ? window : 0)] as const,
      ]),
    );
  }

  get tables(): readonly string[] {
    return [...this.#tables.keys()];
  }

  /** Somebody else inserts into every table: tokens are forgotten sooner. */
  insertOfStrangers(): void {
    this.#strangers += 1;
    for (const blocks of this.blocks.values()) blocks.add(`stranger ${this.#strangers}`);
  }

  /** The steps of an insert, one by one: the server can die between any two of them. */
  *insert({ table, columns, rows, rowCount, token }: Insert): Generator<'part' | 'view', void, void> {
    const topic = this.#tables.get(table);
    if (!topic) throw new Error(`the simulated ClickHouse has no table ${table}`);
    const declared = declaredColumns.get(topic) ?? clickhouseColumns(topic);
    declaredColumns.set(topic, declared);
    const read = readRows(
      rows,
      columns.map((name) => declared.find((column) => column.name === name)!),
    );
    if (read.length !== rowCount) throw new Error(`${read.length} rows in an insert of ${rowCount}`);
    for (const [month, part] of partsOf(read)) {
      if (this.blocks.get(table)!.add(`${token} ${month}`)) for (const row of part) this.#store(row);
      yield 'part';
    }
    // The view's target has no partitions: one block for the whole insert.
    if (this.blocks.get(seenBy(table))!.add(token))
      for (const row of read) this.rows.get(placeOf(row))!.seen += 1;
    yield 'view';
  }

  /** Offsets of a range that have a row. */
  offsets({ topic, partition, start, end }: Readonly<Record<string, unknown>>): number[] {
    const found: number[] = [];
    for (let offset = Number(start); offset < Number(end); offset += 1)
      if (this.rows.has(`${topic}/${partition}/${offset}`)) found.push(offset);
    return found;
  }

  #store(row: Row): void {
    const known = this.rows.get(placeOf(row));
    if (known) known.times += 1;
    else this.rows.set(placeOf(row), { id: String(row.id), times: 1, seen: 0 });
  }
}

const declaredColumns = new WeakMap<Topic, readonly Column[]>();

/** The table that a table's view writes into. */
export const seenBy = (table: string): string => `${table}_seen`;

const placeOf = (row: Row): string => `${row._topic}/${row._partition}/${row._offset}`;

function partsOf(rows: readonly Row[]): Map<number, Row[]> {
  const parts = new Map<number, Row[]>();
  for (const row of rows) {
    const month = new Date(Number(row.ingestTime)).getUTCMonth();
    const part = parts.get(month);
    if (part) part.push(row);
    else parts.set(month, [row]);
  }
  return parts;
}
