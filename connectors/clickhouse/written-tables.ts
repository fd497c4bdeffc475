// What an insert into a table writes: the table itself and, through its materialized views, their targets. Read from
// the server and not from the migrations, because administrators add views and change settings.
import type { Clickhouse } from '../clickhouse.ts';

/** A table that inserts reach, with the settings that the sink's guarantee rests on. */
export interface WrittenTable {
  readonly database: string;
  readonly name: string;
  readonly engine: string;
  /** Inserts whose tokens the table remembers; 0 when it remembers none. */
  readonly window: number;
  /** Whether an insert waits for the disk. */
  readonly fsync: boolean;
  /** Names of the columns that the table is sorted by. */
  readonly sortingKey: readonly string[];
}

export interface View {
  readonly database: string;
  readonly name: string;
  /** Table whose inserts it sees. */
  readonly source: WrittenTable;
  readonly target: WrittenTable;
  /** Its SELECT, over the whole source. */
  readonly select: string;
}

export interface Written {
  readonly table: WrittenTable;
  /** Views on the table, and views on their targets. */
  readonly views: readonly View[];
}

interface Row {
  readonly database: string;
  readonly name: string;
  readonly uuid: string;
  readonly engine: string;
  readonly engine_full: string;
  readonly sorting_key: string;
  readonly as_select: string;
  readonly create_table_query: string;
  readonly dependents: readonly string[];
}

/** What inserts into the named tables of this database write; tables that do not exist are left out. */
export async function readWritten(
  clickhouse: Clickhouse,
  tables: readonly string[],
): Promise<readonly Written[]> {
  const rows = await clickhouse.query<Row & { readonly here: boolean | number }>(
    `SELECT database, name, toString(uuid) AS uuid, engine, engine_full, sorting_key, as_select, create_table_query,
            arrayMap((inDatabase, table) -> concat(inDatabase, '.', table),
                     dependencies_database, dependencies_table) AS dependents,
            database = currentDatabase() AS here
     FROM system.tables
     WHERE database NOT IN ('system', 'information_schema', 'INFORMATION_SCHEMA')`,
  );
  const byName = new Map<string, Row>(rows.map((row) => [nameOf(row), row]));
  return rows
    .filter(({ here, name }) => Boolean(here) && tables.includes(name))
    .map((row) => ({ table: tableOf(row), views: viewsOn(row, byName, new Set()) }));
}

/** The table and every target, each once. */
export function tablesOf(written: readonly Written[]): readonly WrittenTable[] {
  const all = written.flatMap(({ table, views }) => [table, ...views.map(({ target }) => target)]);
  return [...new Map(all.map((table) => [nameOf(table), table])).values()];
}

/** `database.name`. */
export const nameOf = ({ database, name }: Pick<WrittenTable, 'database' | 'name'>): string =>
  `${database}.${name}`;

function viewsOn(source: Row, byName: ReadonlyMap<string, Row>, passed: Set<string>): readonly View[] {
  const views: View[] = [];
  for (const dependent of source.dependents) {
    const view = byName.get(dependent);
    if (view?.engine !== 'MaterializedView' || passed.has(dependent)) continue;
    passed.add(dependent);
    const target = byName.get(targetName(view));
    // Refreshed views read on their own time and see no inserts.
    if (!target || / REFRESH (EVERY|AFTER) /.test(view.create_table_query)) continue;
    views.push({
      database: view.database,
      name: view.name,
      source: tableOf(source),
      target: tableOf(target),
      select: view.as_select,
    });
    views.push(...viewsOn(target, byName, passed));
  }
  return views;
}

/** Where a view writes to: the table after TO, else a table of its own with a name that ClickHouse made up. */
function targetName({ database, name, uuid, create_table_query }: Row): string {
  const named = /^CREATE MATERIALIZED VIEW \S+(?: UUID '[^']*')? TO (?:(`[^`]+`|\w+)\.)?(`[^`]+`|\w+)/.exec(
    create_table_query,
  );
  if (named) return `${bare(named[1] ?? database)}.${bare(named[2] ?? '')}`;
  const isUnnumbered = /^[0-]*$/.test(uuid);
  return `${database}.${isUnnumbered ? `.inner.${name}` : `.inner_id.${uuid}`}`;
}

const bare = (name: string): string => name.replaceAll('`', '');

function tableOf({ database, name, engine, engine_full, sorting_key }: Row): WrittenTable {
  const setting = (of: string): number =>
    Number(new RegExp(`\\b${of} = '?(\\d+)`).exec(engine_full.split(' SETTINGS ').at(-1) ?? '')?.[1] ?? 0);
  return {
    database,
    name,
    engine,
    window: setting('non_replicated_deduplication_window'),
    fsync: setting('fsync_after_insert') > 0,
    sortingKey: sorting_key === '' ? [] : sorting_key.split(', ').map(bare),
  };
}
