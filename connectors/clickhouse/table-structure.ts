// Column types of the tables that are inserted into, as ClickHouse's table functions want to be told them.
import { quoteName } from '../../schemas/print/clickhouse.ts';
import { type Clickhouse, QueryFailed } from '../clickhouse.ts';

const unknownTable = 60;

/** Remembers each table's column types; `forget` after a failed insert, since a migration may have changed them. */
export class TableStructures {
  readonly #clickhouse: Pick<Clickhouse, 'query'>;
  readonly #types = new Map<string, Promise<ReadonlyMap<string, string>>>();

  constructor(clickhouse: Pick<Clickhouse, 'query'>) {
    this.#clickhouse = clickhouse;
  }

  /** `name Type, …` of the columns, in the order given. Throws `QueryFailed` when the table or a column is missing. */
  async structure(table: string, columns: readonly string[]): Promise<string> {
    let types = this.#types.get(table);
    if (!types) {
      types = this.#read(table);
      this.#types.set(table, types);
    }
    const known = await types.catch((error) => {
      this.#types.delete(table);
      throw error;
    });
    return columns.map((column) => `${quoteName(column)} ${typeOf(known, table, column)}`).join(', ');
  }

  forget(table: string): void {
    this.#types.delete(table);
  }

  async #read(table: string): Promise<ReadonlyMap<string, string>> {
    const rows = await this.#clickhouse.query<{ name: string; type: string }>(
      'SELECT name, type FROM system.columns WHERE database = currentDatabase() AND table = {table:String}',
      { table },
    );
    if (rows.length === 0) {
      throw new QueryFailed(`Table ${table} does not exist: apply the migrations first`, unknownTable);
    }
    return new Map(rows.map(({ name, type }) => [name, type]));
  }
}

function typeOf(types: ReadonlyMap<string, string>, table: string, column: string): string {
  const type = types.get(column);
  if (type !== undefined) return type;
  const noSuchColumn = 16;
  throw new QueryFailed(`Table ${table} has no column ${column}: apply the migrations first`, noSuchColumn);
}
