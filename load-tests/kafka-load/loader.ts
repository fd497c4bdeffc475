// The loader: publishes comments at a constant rate, each when it is due, whatever became of earlier ones.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log, LogRecord } from '../../connectors/log.ts';
import { Percentiles } from '../../streams/percentiles.ts';

const tickMs = 2;

export interface Loaded {
  /** Lateness of the loader itself in ms: what it adds to every latency that is measured from due times. */
  readonly slip: Percentiles;
  /** Time from a record's due time to the broker's acknowledgement, in ms. */
  readonly acknowledged: Percentiles;
}

/**
 * Publishes `total` records to `comments`, record n being due at `start + n / rate` (ms since 1970). What is late is
 * sent at once and keeps its due time, so that a stall is paid for by everything that was due during it.
 */
export async function load(
  log: Pick<Log, 'publish'>,
  plan: { readonly start: number; readonly total: number; readonly ratePerSecond: number },
  make: (number: number, dueAt: number) => LogRecord,
): Promise<Loaded> {
  const { start, total, ratePerSecond } = plan;
  const dueAt = (number: number) => start + (number / ratePerSecond) * 1_000;
  const slip = new Percentiles();
  const acknowledged = new Percentiles();
  const publishing: Promise<void>[] = [];
  let sent = 0;
  while (sent < total) {
    const now = Date.now();
    const from = sent;
    const records: LogRecord[] = [];
    while (sent < total && dueAt(sent) <= now) {
      slip.add(now - dueAt(sent));
      records.push(make(sent, dueAt(sent)));
      sent += 1;
    }
    if (records.length > 0)
      publishing.push(
        log.publish([{ topic: 'comments', records }]).then(() => {
          const at = Date.now();
          records.forEach((_, index) => {
            acknowledged.add(at - dueAt(from + index));
          });
        }),
      );
    await sleep(tickMs);
  }
  await Promise.all(publishing);
  return { slip, acknowledged };
}
