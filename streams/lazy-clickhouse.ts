// ClickHouse for processes whose streams store nothing: it is opened when somebody asks it something, not before.
import type { Clickhouse } from '../connectors/clickhouse.ts';

/** `open` is called at the first use, and again at the next one after it failed. What it throws, the use throws. */
export function lazyClickhouse(open: () => Promise<Clickhouse>): Clickhouse {
  let opening: Promise<Clickhouse> | null = null;
  const opened = (): Promise<Clickhouse> => {
    opening ??= open().catch((error: unknown) => {
      opening = null;
      throw error;
    });
    return opening;
  };
  return {
    query: async (sql, parameters) => (await opened()).query(sql, parameters),
    command: async (sql) => (await opened()).command(sql),
    format: async (sql, format) => (await opened()).format(sql, format),
    readOnly: async (sql, format, limits) => (await opened()).readOnly(sql, format, limits),
    insert: async (insert) => (await opened()).insert(insert),
    close: async () => (await opening)?.close(),
  };
}
