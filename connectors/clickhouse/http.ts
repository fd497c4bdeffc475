// ClickHouse over HTTP, through @clickhouse/client.
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import {
  ClickHouseError,
  ClickHouseLogLevel,
  type ClickHouseSettings,
  createClient,
  type DataFormat,
} from '@clickhouse/client';
import { Misconfigured, Retryable } from '../../schemas/errors.ts';
import { quoteText } from '../../schemas/print/clickhouse.ts';
import { type Clickhouse, type Insert, QueryFailed, type QueryLimits } from '../clickhouse.ts';
import { withoutSecrets } from '../secret-text.ts';
import { insertFailure, refusalOf, shortInsert } from './failure.ts';
import { assertOneBlock, insertStatement } from './insert-statement.ts';
import { assertReads, limitPassed, limitSettings } from './read-only.ts';
import { TableStructures } from './table-structure.ts';

export interface HttpClickhouseOptions {
  readonly url: string;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** A request is given up after this long and may then have been done or not, in milliseconds. */
  readonly requestTimeoutMs?: number;
}

type Client = ReturnType<typeof createClient>;

/** Time for an answer to arrive after its query is done. */
const answerMs = 30_000;

/** Errors arrive as an HTTP status instead of in the middle of a 200 answer. */
const settings: ClickHouseSettings = { wait_end_of_query: 1, output_format_json_quote_64bit_integers: 0 };

/**
 * Connects to a server and asks it one question. Throws `Misconfigured` when the address, user or database is wrong,
 * `Retryable` when nobody answers.
 */
export async function openHttpClickhouse(options: HttpClickhouseOptions): Promise<Clickhouse> {
  const client = connect(options, options.requestTimeoutMs ?? 60_000);
  const clickhouse = new HttpClickhouse(client, options);
  try {
    await clickhouse.query('SELECT 1');
    return clickhouse;
  } catch (error) {
    await client.close();
    throw refusedConnection(error, options);
  }
}

function connect(options: HttpClickhouseOptions, requestTimeoutMs: number): Client {
  return createClient({
    url: addressOf(options.url),
    username: options.user,
    password: options.password,
    database: options.database,
    application: 'millrace',
    request_timeout: requestTimeoutMs,
    clickhouse_settings: settings,
    // What goes wrong is thrown; printing it as well is not the client’s to decide.
    log: { level: ClickHouseLogLevel.OFF },
  });
}

class HttpClickhouse implements Clickhouse {
  readonly #client: Client;
  readonly #options: HttpClickhouseOptions;
  readonly #structures: TableStructures;

  constructor(client: Client, options: HttpClickhouseOptions) {
    this.#client = client;
    this.#options = options;
    this.#structures = new TableStructures(this);
  }

  query<Row>(sql: string, parameters?: Readonly<Record<string, unknown>>): Promise<readonly Row[]> {
    return answered(async () => {
      const result = await this.#client.query({
        query: sql,
        format: 'JSONEachRow',
        ...(parameters ? { query_params: parameters } : {}),
      });
      return result.json<Row>();
    });
  }

  async command(sql: string): Promise<void> {
    await answered(() => this.#client.command({ query: sql }));
  }

  format(sql: string, format: string): Promise<Buffer> {
    return answered(async () => {
      const { stream } = await this.#client.exec({
        query: sql,
        // The client lists the formats it can parse; the bytes are passed on as they are, so any will do.
        clickhouse_settings: { default_format: format as DataFormat },
      });
      return buffer(stream);
    });
  }

  async readOnly(sql: string, format: string, limits: QueryLimits): Promise<Buffer> {
    assertReads(sql);
    // A connection of its own: the server ends the query at its limit, and the answer has to be waited for that long.
    const client = connect(this.#options, limits.executionMsMax + answerMs);
    try {
      return await answered(async () => {
        const { stream } = await client.exec({
          query: sql,
          clickhouse_settings: { ...limitSettings(limits), default_format: format as DataFormat },
        });
        return buffer(stream);
      });
    } catch (error) {
      throw limitPassed(error);
    } finally {
      await client.close();
    }
  }

  async insert(insert: Insert): Promise<void> {
    assertOneBlock(insert);
    if (insert.rowCount === 0) return;
    try {
      const structure = await this.#structures.structure(insert.table, insert.columns);
      const source = `input(${quoteText(structure)})`;
      const statement = `${insertStatement(insert, source, Date.now())} FORMAT RowBinary`;
      const written = await answered(() => this.#send(statement, insert.rows));
      if (written < insert.rowCount) throw shortInsert(insert.table, insert.token, insert.rowCount, written);
    } catch (error) {
      this.#structures.forget(insert.table);
      throw insertFailure(error, insert.table, insert.token);
    }
  }

  async close(): Promise<void> {
    await this.#client.close();
  }

  /** Rows that the server says went into the table and its views, repeats included. */
  async #send(statement: string, rows: Buffer): Promise<number> {
    const { stream, summary } = await this.#client.exec({ query: statement, values: Readable.from([rows]) });
    await buffer(stream);
    return Number(summary?.written_rows ?? 0);
  }
}

/** What the server said is told by its number; what the connection did is worth another try. */
async function answered<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof ClickHouseError) throw refusalOf(error.message, Number(error.code), error);
    if (!(error instanceof Error)) throw error;
    throw new Retryable(`ClickHouse did not answer: ${withoutSecrets(error.message)}`, {
      code: 'clickhouse-unreachable',
      cause: error,
    });
  }
}

/** An address that is missing would silently mean port 8123 of this machine. */
function addressOf(url: string): string {
  if (/^https?:\/\//.test(url) && URL.canParse(url)) return url;
  throw new Misconfigured(
    `The ClickHouse address “${withoutSecrets(url)}” is not an http:// or https:// URL`,
    {
      code: 'clickhouse-url',
      fix: 'Set CLICKHOUSE_URL to something like http://clickhouse:8123',
    },
  );
}

const unknownDatabase = 81;
const refusedLogins: ReadonlySet<number> = new Set([192, 193, 194, 497, 516]);

function refusedConnection(error: unknown, { database, user }: HttpClickhouseOptions): unknown {
  if (!(error instanceof QueryFailed)) return error;
  if (error.code === unknownDatabase) {
    return new Misconfigured(`ClickHouse has no database ${database}`, {
      code: 'clickhouse-database',
      fix: `Run CREATE DATABASE ${database}, or set CLICKHOUSE_DATABASE`,
      cause: error,
    });
  }
  if (!refusedLogins.has(error.code)) return error;
  return new Misconfigured(`ClickHouse refused the user ${user}: ${error.message}`, {
    code: 'clickhouse-login',
    fix: 'Check CLICKHOUSE_USER and CLICKHOUSE_PASSWORD',
    cause: error,
  });
}
