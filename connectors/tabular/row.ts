// What a table gives: rows, and what should have been one.
export type TableRow = Readonly<Record<string, unknown>>;

/** A row that could not be read: a value, because whether one spoils the file is the reader’s business. */
export class BadRow {
  readonly problem: 'invalid-utf8' | 'malformed';
  readonly reason: string;
  constructor(problem: BadRow['problem'], reason: string) {
    this.problem = problem;
    this.reason = reason;
  }
}

/** A row of a table and its place: the line it is on (of several, the last), or its number in a Parquet file, from 1. */
export interface NumberedRow {
  readonly line: number;
  readonly row: TableRow | BadRow;
}
