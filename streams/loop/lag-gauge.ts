// Keeps the lag of every Millrace group in /metrics. Who judges lag is the watchdog of each stream.
import { lagOfGroups } from '../lag.ts';
import type { Stack } from '../stack.ts';

const everyMs = 5_000;

/** Starts reading lags; what is returned stops it. */
export function startLagGauge({ log, metrics, logger }: Stack): () => void {
  let reading = false;
  const read = async () => {
    for (const { group, topic, partition, lag } of await lagOfGroups(log))
      if (group.startsWith('millrace-'))
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
