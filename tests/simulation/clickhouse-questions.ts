// The answers of a simulated ClickHouse to the questions that the sink asks it, known by how they begin.
import { type ClickhouseStorage, seenBy } from './table.ts';

type Answer = (
  storage: ClickhouseStorage,
  serverNow: number,
  parameters: Readonly<Record<string, unknown>>,
) => unknown[];

const answers: readonly (readonly [begins: string, answer: Answer])[] = [
  [
    'SELECT DISTINCT _offset FROM ',
    (storage, _, parameters) => storage.offsets(parameters).map((_offset) => ({ _offset })),
  ],
  ['SELECT toUnixTimestamp64Milli(now64(3)) AS ms', (_, serverNow) => [{ ms: Math.floor(serverNow) }]],
  [
    "SELECT concat(database, '.', table) AS name, max(max_block_number) AS block",
    (storage) => blockNumbers(storage),
  ],
  ['SELECT database, name, toString(uuid) AS uuid, engine,', (storage) => systemTables(storage)],
];

export function answerOf(
  sql: string,
  storage: ClickhouseStorage,
  serverNow: number,
  parameters: Readonly<Record<string, unknown>>,
): unknown[] {
  const found = answers.find(([begins]) => sql.startsWith(begins));
  if (!found) throw new Error(`the simulated ClickHouse cannot answer: ${sql}`);
  return found[1](storage, serverNow, parameters);
}

const blockNumbers = ({ blocks }: ClickhouseStorage): unknown[] =>
  [...blocks]
    .filter(([, { number }]) => number > 0)
    .map(([name, { number }]) => ({ name: `default.${name}`, block: number }));

/** Each table has a materialized view into `<table>_seen`. */
function systemTables({ tables, window }: ClickhouseStorage): unknown[] {
  const row = (name: string, engine: string, more: object = {}) => ({
    database: 'default',
    name,
    uuid: '',
    engine,
    engine_full: `${engine} SETTINGS non_replicated_deduplication_window = ${window}`,
    sorting_key: '',
    as_select: '',
    create_table_query: '',
    dependents: [],
    here: 1,
    ...more,
  });
  return tables.flatMap((table) => [
    row(table, 'MergeTree', { dependents: [`default.${table}_view`] }),
    row(seenBy(table), 'SummingMergeTree'),
    row(`${table}_view`, 'MaterializedView', {
      create_table_query: `CREATE MATERIALIZED VIEW default.${table}_view TO default.${seenBy(table)}`,
    }),
  ]);
}
