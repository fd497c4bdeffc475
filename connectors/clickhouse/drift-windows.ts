// What drift’s windows are found and drawn by: which stretches of time hold answers, how far they reach, how sure the
// releases were. All of it from the counts per minute; none of these reads a row of a message.
import type { Clickhouse } from '../clickhouse.ts';
import { type HistogramSpan, inMinutes, type Minutes, parametersOf, within } from './histograms.ts';

/** Answers of one label in one fiftieth of confidence. */
export interface ConfidenceBin {
  readonly label: string;
  /** Bin i holds confidences in [i/50, (i + 1)/50). */
  readonly bin: number;
  readonly count: number;
  /** Sum of the confidences. */
  readonly sum: number;
}

/** How sure a release was over whole minutes, by answer. */
export async function readConfidences(
  clickhouse: Clickhouse,
  span: Omit<HistogramSpan, 'withTexts'>,
): Promise<readonly ConfidenceBin[]> {
  return clickhouse.query<ConfidenceBin>(
    `SELECT label, bin, sum(confidences.count) AS count, sum(millionths) / 1e6 AS sum FROM confidences
     WHERE release = {release:String} AND ${inMinutes}${within(span)}
     GROUP BY label, bin ORDER BY label, bin`,
    parametersOf(span),
  );
}

/**
 * First instants of the steps of time, counted from 1970, that hold any answers, in order. Minutes are read, never rows
 * of messages.
 */
export async function readAnsweredSteps(
  clickhouse: Clickhouse,
  { from, to, stepMs }: Minutes & { readonly stepMs: number },
): Promise<readonly number[]> {
  const rows = await clickhouse.query<{ at: number }>(
    `SELECT DISTINCT intDiv(toUnixTimestamp(minute) * 1000, {step:Int64}) * {step:Int64} AS at FROM histograms
     WHERE release != '' AND feature = 'label' AND ${inMinutes} ORDER BY at`,
    { from, to, step: stepMs },
  );
  return rows.map(({ at }) => at);
}

/** How far the stored answers reach: by the clocks of producers, and by that of the log. Null where there are none. */
export async function readReach(
  clickhouse: Clickhouse,
): Promise<{ readonly eventMinute: number; readonly ingestTime: number } | null> {
  // The newest ingestTime stands in the parts’ own index: it is the tables’ partition key.
  const [row] = await clickhouse.query<{ eventMinute: number; ingestTime: number; rows: number }>(
    `SELECT
       (SELECT toUnixTimestamp(max(minute)) * 1000 FROM histograms WHERE feature = 'label') AS eventMinute,
       (SELECT toUnixTimestamp64Milli(max(ingestTime)) FROM predictions) AS ingestTime,
       (SELECT count() FROM predictions) AS rows`,
  );
  return row && row.rows > 0 ? { eventMinute: row.eventMinute, ingestTime: row.ingestTime } : null;
}
