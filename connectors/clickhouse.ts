// The ClickHouse port: SQL in, rows out, and inserts of ready-made RowBinary blocks under a deduplication token.
// Implementations: connectors/clickhouse/http.ts (a server) and connectors/clickhouse/embedded.ts (chdb, in process).

export interface Insert {
  readonly table: string;
  /** Columns in the order the rows were encoded in. */
  readonly columns: readonly string[];
  /** One block of rows, RowBinary. */
  readonly rows: Buffer;
  readonly rowCount: number;
  /** Same token, same rows: ClickHouse keeps one. */
  readonly token: string;
  /** The insert is refused after this instant (ms since 1970): the zombie’s end. */
  readonly deadline: number;
  /** Where inserts wait for one another, it goes before those that are not. */
  readonly urgent?: boolean;
}

/** What one read-only query may use; more refuses it. */
export interface QueryLimits {
  readonly executionMsMax: number;
  readonly resultRowsMax: number;
  readonly resultBytesMax: number;
  readonly memoryBytesMax: number;
}

export interface Clickhouse {
  /** Rows of a SELECT as objects. Throws `Retryable` when the server is unwell, `QueryFailed` when the SQL is. */
  query<Row = Record<string, unknown>>(
    sql: string,
    parameters?: Readonly<Record<string, unknown>>,
  ): Promise<readonly Row[]>;
  /** A statement without rows. */
  command(sql: string): Promise<void>;
  /** Result of any query in any ClickHouse output format, as bytes. */
  format(sql: string, format: string): Promise<Buffer>;
  /**
   * Result of one statement that only reads, in any output format, as bytes: for SQL that people and dashboards bring.
   * Throws `Misconfigured`: `sql-read-only` for a statement that could do more, `sql-limit` past a limit.
   */
  readOnly(sql: string, format: string, limits: QueryLimits): Promise<Buffer>;
  /** Inserts one block and verifies the written row count. */
  insert(insert: Insert): Promise<void>;
  close(): Promise<void>;
}

/** ClickHouse understood the statement and refused it. `code` is ClickHouse’s own error number. */
export class QueryFailed extends Error {
  override readonly name = 'QueryFailed';
  readonly code: number;
  constructor(message: string, code: number) {
    super(message);
    this.code = code;
  }
}
