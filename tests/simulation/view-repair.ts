// What connectors/clickhouse/view-repair.ts does by comparing sums in SQL, on the simulated ClickHouse: the same looks, as
// long, with the same question before each, and the same rebuilding.
import type { RepairedRange } from '../../connectors/clickhouse/view-repair.ts';
import type { RemoteClickhouse } from './clickhouse-server.ts';
import type { Actor } from './clock.ts';
import type { Surroundings } from './network.ts';

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
  for (;;) {
    await stillOurs();
    const missing = await clickhouse.call('look at view', async (server) =>
      server.rowsOf(range).every(({ seen }) => seen === 0),
    );
    if (!missing) return;
    const left = started + insertMs - clock.now;
    if (left <= 0) break;
    await clock.sleep(actor, Math.min(left, lookEveryMs));
  }
  tally.add('view rebuilt');
  await clickhouse.call(`rebuild of ${range.token}`, async (server) => {
    const blocks = server.storage.blocks.get(`${range.table}_seen`)!;
    if (blocks.add(`${range.token}/view`)) for (const row of server.rowsOf(range)) row.seen += 1;
  });
}
