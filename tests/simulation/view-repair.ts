// What connectors/clickhouse/view-repair.ts does by comparing sums in SQL, on the simulated ClickHouse, where every row is a
// group of its own: the same looks, as long, with the same question before each, and the same addition of what is missing.
import type { RepairedRange } from '../../connectors/clickhouse/view-repair.ts';
import type { RemoteClickhouse } from './clickhouse-server.ts';
import type { Actor } from './clock.ts';
import type { Surroundings } from './network.ts';
import type { StoredRow } from './table.ts';

const lookEveryMs = 1_000;

export async function repairSimulatedView(
  { clock, tally }: Surroundings,
  actor: Actor,
  clickhouse: RemoteClickhouse,
  range: RepairedRange,
  insertMs: number,
  stillOurs: () => Promise<void>,
): Promise<void> {
  const started = clock.now;
  let missing = null as ReadonlySet<StoredRow> | null;
  for (;;) {
    await stillOurs();
    const now = await clickhouse.call('look at view', async (server) =>
      server.rowsOf(range).filter(({ seen }) => seen === 0),
    );
    const before: ReadonlySet<StoredRow> | null = missing;
    missing = new Set(before ? now.filter((row) => before.has(row)) : now);
    if (missing.size === 0) return;
    const left = started + insertMs - clock.now;
    if (left <= 0) break;
    await clock.sleep(actor, Math.min(left, lookEveryMs));
  }
  tally.add('view rebuilt');
  await clickhouse.call(`rebuild of ${range.token}`, async (server) => {
    const blocks = server.storage.blocks.get(`${range.table}_seen`)!;
    const token = `${range.token}/view/${[...missing].map(({ id }) => id)}`;
    if (blocks.add(token)) for (const row of missing) row.seen += 1;
  });
}
