// Deliveries, logs and tables with one of their guarantees taken out: what the checker has to find.
import type { Clickhouse } from '../../connectors/clickhouse.ts';
import type { Chunk, Delivery } from '../../connectors/delivery.ts';
import type { Batch, Log } from '../../connectors/log.ts';

export interface Sabotage {
  readonly clickhouse: (clickhouse: Clickhouse) => Clickhouse;
  readonly log: (log: Log) => Log;
  readonly delivery: <Out>(stream: 'chain' | 'sink', delivery: Delivery<Out>) => Delivery<Out>;
  /** The log says that it syncs, and does not. */
  readonly unsynced: boolean;
  readonly viewsRemember: boolean;
}

export const none: Sabotage = {
  clickhouse: (clickhouse) => clickhouse,
  log: (log) => log,
  delivery: (_, delivery) => delivery,
  unsynced: false,
  viewsRemember: true,
};

const isJournal = (metadata: string): boolean => metadata.startsWith('{"sink"');

/** The same chunk, with a batch whose commits go elsewhere. */
const committing = <Out>(chunk: Chunk<Out>, commit: Batch['commit']): Chunk<Out> => ({
  ...chunk,
  batch: { ...chunk.batch, commit },
});

function early<Out>(inner: Delivery<Out>): Delivery<Out> {
  return {
    resume: (batch) => inner.resume(batch),
    async deliver(chunk) {
      await chunk.batch.commit(chunk.end, '');
      await inner.deliver(committing(chunk, async () => {}));
    },
  };
}

function withoutJournal<Out>(inner: Delivery<Out>): Delivery<Out> {
  return {
    resume: (batch) => inner.resume(batch),
    deliver: (chunk) =>
      inner.deliver(
        committing(chunk, async (offset, metadata) => {
          if (!isJournal(metadata)) await chunk.batch.commit(offset, metadata);
        }),
      ),
  };
}

const onlyFor =
  (wanted: 'chain' | 'sink', change: <Out>(delivery: Delivery<Out>) => Delivery<Out>): Sabotage['delivery'] =>
  (stream, delivery) =>
    stream === wanted ? change(delivery) : delivery;

/** By name; each must be caught. */
export const sabotages: Readonly<Record<string, Sabotage>> = {
  'sink commits before it inserts': { ...none, delivery: onlyFor('sink', early) },
  'chain commits before it publishes': { ...none, delivery: onlyFor('chain', early) },
  'sink keeps no journal': { ...none, delivery: onlyFor('sink', withoutJournal) },
  'sink inserts without a token that lasts': {
    ...none,
    clickhouse: (clickhouse) => ({
      ...without(clickhouse),
      insert: (insert) => clickhouse.insert({ ...insert, token: `${insert.token}@${insert.deadline}` }),
    }),
  },
  'chain does not read back': {
    ...none,
    log: (log) => ({ ...log, async *read() {} }),
  },
  'sink never finds a row when it asks': {
    ...none,
    clickhouse: (clickhouse) => ({
      ...without(clickhouse),
      query: async (sql, parameters) =>
        sql.startsWith('SELECT DISTINCT _offset') ? [] : clickhouse.query(sql, parameters),
    }),
  },
  'log acknowledges before it syncs': { ...none, unsynced: true },
  'view has no window of its own': { ...none, viewsRemember: false },
};

/** The port's methods as an object, since those of a class do not spread. */
const without = (clickhouse: Clickhouse): Clickhouse => ({
  query: (sql, parameters) => clickhouse.query(sql, parameters),
  command: (sql) => clickhouse.command(sql),
  format: (sql, format) => clickhouse.format(sql, format),
  readOnly: (sql, format, limits) => clickhouse.readOnly(sql, format, limits),
  insert: (insert) => clickhouse.insert(insert),
  close: () => clickhouse.close(),
});
