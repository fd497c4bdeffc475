// Publishes drift reports, each once: one whose id the topic’s end or ClickHouse holds already stays where it is.
import type { DriftReport } from '../../schemas/drift-report.ts';
import { newest } from '../following.ts';
import type { Stack } from '../stack.ts';

const topic = 'drift-reports';

/** Reports at the end of the topic that may not have reached ClickHouse. */
const recentMax = 1_000;

/** Resolves to those that were not there yet. */
export async function publishReports(
  stack: Stack,
  reports: readonly DriftReport[],
): Promise<readonly DriftReport[]> {
  if (reports.length === 0) return [];
  const known = new Set([
    ...(await storedIds(stack, reports)),
    ...(await newest(stack, topic, recentMax)).map(({ id }) => id),
  ]);
  const news = reports.filter(({ id }) => !known.has(id));
  if (news.length === 0) return [];
  const { log, wire, metrics } = stack;
  await log.publish([{ topic, records: wire.encode(topic, news, stack.now()) }]);
  for (const { release, verdict, statistics } of news) {
    metrics.driftReports.add({ release, verdict });
    for (const { feature, statistic, value } of statistics)
      metrics.driftStatistic.set({ release, feature, statistic }, value);
  }
  return news;
}

async function storedIds({ clickhouse }: Stack, reports: readonly DriftReport[]): Promise<readonly string[]> {
  const rows = await clickhouse.query<{ id: string }>(
    'SELECT DISTINCT id FROM drift_reports WHERE id IN {ids:Array(String)}',
    { ids: reports.map(({ id }) => id) },
  );
  return rows.map(({ id }) => id);
}
