// Keeps the lag of every Millrace group in /metrics. Who judges lag is the watchdog of each stream.
import { lagOfGroups } from '../lag.ts';
import type { Stack } from '../stack.ts';

const everyMs = 5_000;

/** Starts reading lags; what is returned stops it. */
export function startLagGauge({ configuration, log, metrics, logger }: Stack): () => void {
  // Routes may read in groups of other names.
  const named = new Set(configuration.routes.map(({ group }) => group));
  let reading = false;
  const read = async () => {
    for (const { group, topic, partition, lag } of await lagOfGroups(log))
      if (group.startsWith('millrace-') || named.has(group))
        metrics.lagRecords.set({ group, topic, partition: String(partition) }, lag);
  };
  const timer = setInterval(() => {
    if (reading) return;
    reading = true;
    read()
      .catch((error: unknown) => logger.warn({ err: error }, 'the lag could not be read'))
      .finally(() => {
        reading = false;
      });
  }, everyMs);
  return () => clearInterval(timer);
}
