// Which share of the loop's time each stage took, from the metrics that every run keeps.
import type { Metrics } from '../connectors/metrics.ts';

/** Shares of the summed `millrace_stage_seconds`, by `stream/stage`; they add up to 1. */
export async function stageShares(metrics: Metrics): Promise<Readonly<Record<string, number>>> {
  const seconds = new Map<string, number>();
  for (const line of (await metrics.print()).split('\n')) {
    const found = /^millrace_stage_seconds_sum\{stream="([^"]+)",stage="([^"]+)"\} (\S+)/.exec(line);
    if (found) seconds.set(`${found[1]}/${found[2]}`, Number(found[3]));
  }
  const total = [...seconds.values()].reduce((sum, value) => sum + value, 0);
  return Object.fromEntries(
    [...seconds].map(([stage, value]) => [stage, Math.round((value / total) * 1_000) / 1_000]),
  );
}
