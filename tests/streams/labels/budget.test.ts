// The budget of a labeller is of his tenant: who has the same name elsewhere spends nothing of it.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openEmbeddedClickhouse } from '../../../connectors/clickhouse/embedded.ts';
import { applyMigrations, readMigrations } from '../../../connectors/clickhouse/migrations.ts';
import { readBudget } from '../../../streams/labels/budget.ts';
import { feedbackOf, storeFeedback } from '../../connectors/clickhouse/stored.ts';

const directory = await mkdtemp(join(tmpdir(), 'millrace-budget-'));
const clickhouse = await openEmbeddedClickhouse({ directory });
after(async () => {
  await clickhouse.close();
  await rm(directory, { recursive: true, force: true });
});
await applyMigrations(clickhouse, await readMigrations());

test('labels count for the tenant whose messages they are about, and all of them where none is named', async () => {
  const now = 1_763_722_800_000;
  const said = (id: string, tenant: string) => ({
    ...feedbackOf(id, id, { task: 'toxicity', label: 'toxic', eventTime: now }),
    tenant,
    source: 'label:ann',
  });
  await storeFeedback(clickhouse, [said('a', 'acme'), said('b', 'acme'), said('c', 'initech')]);
  const used = async (tenant: string | null) =>
    (await readBudget(clickhouse, { task: 'toxicity', labeller: 'ann', tenant, perDay: 5, now })).used;
  assert.deepEqual([await used('acme'), await used('initech'), await used('hooli')], [2, 1, 0]);
  assert.equal(await used(null), 3);
});
