// ClickHouse in this process, through chdb: one data directory per process, no server.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Session } from 'chdb';
import { quoteText } from '../../schemas/print/clickhouse.ts';
import type { Clickhouse, Insert, QueryLimits } from '../clickhouse.ts';
import { type Chdb, loadChdb, openSession } from './chdb-session.ts';
import { insertFailure, refusalOf, shortInsert, unstaged } from './failure.ts';
import { assertOneBlock, insertStatement } from './insert-statement.ts';
import { assertReads, limitPassed, limitSettings } from './read-only.ts';
import { SessionPool } from './session-pool.ts';
import { TableStructures } from './table-structure.ts';

export interface EmbeddedClickhouseOptions {
  /** Where the tables live; made when missing. One process at a time. */
  readonly directory: string;
  /** Queries that may run at once, beside inserts. Each holds one of libuv's four threads. */
  readonly readers?: number;
}

/** The engine crashes when the process ends right after an insert with a view; this long after closing it does not. */
const settleMs = 300;

/**
 * Opens ClickHouse on a directory. Throws `Misconfigured` when chdb is not installed (`chdb-missing`), when another
 * process has the directory (`directory-occupied`) or when it cannot be written (`directory-unusable`).
 */
export async function openEmbeddedClickhouse(options: EmbeddedClickhouseOptions): Promise<Clickhouse> {
  const chdb = await loadChdb();
  const directory = resolve(options.directory);
  const data = join(directory, 'data');
  const writer = await openSession(chdb, data);
  const readers: Session[] = [];
  for (let index = 0; index < (options.readers ?? 2); index += 1) readers.push(await openSession(chdb, data));
  const staging = join(directory, 'inserts');
  // What a killed process left half-written belongs to nobody: the directory is ours once the session is open.
  await rm(staging, { recursive: true, force: true });
  await mkdir(staging);
  return new EmbeddedClickhouse(chdb, new SessionPool([writer]), new SessionPool(readers), directory);
}

class EmbeddedClickhouse implements Clickhouse {
  readonly #chdb: Chdb;
  readonly #writers: SessionPool;
  readonly #readers: SessionPool;
  readonly #data: string;
  /** File that the rows of the insert under way lie in. */
  readonly #staging: string;
  readonly #structures: TableStructures;
  /** What `insertedRows` said after the last insert; null when an insert failed since. */
  #insertedRows: number | null = null;

  constructor(chdb: Chdb, writers: SessionPool, readers: SessionPool, directory: string) {
    this.#chdb = chdb;
    this.#writers = writers;
    this.#readers = readers;
    this.#data = join(directory, 'data');
    this.#staging = join(directory, 'inserts', 'next.rows');
    this.#structures = new TableStructures(this);
  }

  async query<Row>(sql: string, parameters?: Readonly<Record<string, unknown>>): Promise<readonly Row[]> {
    const bytes = await this.#read(sql, 'JSONEachRow', parameters);
    const lines = bytes.toString('utf8').trimEnd();
    return lines === '' ? [] : JSON.parse(`[${lines.replaceAll('\n', ',')}]`);
  }

  async command(sql: string): Promise<void> {
    await this.#read(sql, 'Null');
  }

  format(sql: string, format: string): Promise<Buffer> {
    return this.#read(sql, format);
  }

  /** In a session of its own: the mode belongs to the connection, and nothing that one query does reaches the next. */
  async readOnly(sql: string, format: string, limits: QueryLimits): Promise<Buffer> {
    assertReads(sql);
    return this.#readers.run(async () => {
      const session = await openSession(this.#chdb, this.#data, limitSettings(limits));
      try {
        return await ask(session, sql, format);
      } catch (error) {
        throw limitPassed(error);
      } finally {
        session.close();
      }
    });
  }

  async insert(insert: Insert): Promise<void> {
    assertOneBlock(insert);
    if (insert.rowCount === 0) return;
    try {
      const structure = await this.#structures.structure(insert.table, insert.columns);
      await this.#insertStaged(insert, structure);
    } catch (error) {
      this.#structures.forget(insert.table);
      throw insertFailure(error, insert.table, insert.token);
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#writers.close(), this.#readers.close()]);
    await this.#chdb.drainPending();
    await rm(this.#staging, { force: true });
    await wait(settleMs);
  }

  async #read(sql: string, format: string, parameters?: Readonly<Record<string, unknown>>): Promise<Buffer> {
    return this.#readers.run((session) => ask(session, sql, format, parameters));
  }

  /**
   * chdb takes RowBinary from a file only: its `insert` refuses the format and `input()` silently writes nothing. One
   * file is written over and over, in the turn of the session: file systems make much of new and deleted files.
   */
  async #insertStaged(insert: Insert, structure: string): Promise<void> {
    await this.#writers.run(async (session) => {
      await writeFile(this.#staging, insert.rows).catch((error: unknown) => {
        throw unstaged(this.#staging, error);
      });
      const source = `file(${quoteText(this.#staging)}, RowBinary, ${quoteText(structure)})`;
      const before = this.#insertedRows ?? (await insertedRows(session));
      this.#insertedRows = null;
      await ask(session, insertStatement(insert, source, Date.now()), 'Null');
      const after = await insertedRows(session);
      this.#insertedRows = after;
      const written = after - before;
      if (written < insert.rowCount) throw shortInsert(insert.table, insert.token, insert.rowCount, written);
    }, insert.urgent);
  }
}

async function ask(
  session: Session,
  sql: string,
  format: string,
  parameters?: Readonly<Record<string, unknown>>,
): Promise<Buffer> {
  try {
    const result = parameters
      ? await session.queryBindAsync(sql, parameters, { format })
      : await session.queryAsync(sql, { format });
    const bytes = result.bytes();
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  } catch (error) {
    const code = codeOf(error);
    if (code === undefined || !(error instanceof Error)) throw error;
    throw refusalOf(error.message, code, error);
  }
}

const codeOf = (error: unknown): number | undefined =>
  error instanceof Error && 'clickhouseCode' in error && typeof error.clickhouseCode === 'number'
    ? error.clickhouseCode
    : undefined;

/**
 * Rows that went into tables and their views since the engine started, repeats included. Other statements that write
 * may add to it, so it proves that rows were written, not that no others were.
 */
async function insertedRows(session: Session): Promise<number> {
  const text = await ask(session, "SELECT value FROM system.events WHERE event = 'InsertedRows'", 'TSV');
  return Number(text.toString('latin1'));
}
