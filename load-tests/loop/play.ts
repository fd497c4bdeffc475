// Plays a stream of labelled texts: a period is a minute of event time and lies in the past. Labels come as feedback one
// period later, for a share of the messages. Between periods time stands still until what a period set off is done: in
// the real world months pass, here a trainer needs as long as it needs.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { derivedId, derivedTraceparent } from '../../schemas/identity.ts';
import type { Message } from '../../schemas/topic.ts';
import { dueWindows } from '../../streams/drift-job.ts';
import type { Ledger } from '../../streams/model-ledger.ts';
import { causeOf } from '../../streams/retraining/triggers.ts';
import type { Stack } from '../../streams/stack.ts';
import { task } from './champion.ts';
import type { LabelledText } from './material.ts';

export interface Period {
  readonly index: number;
  readonly when: string;
  /** Its minute of event time, ms since 1970. */
  readonly from: number;
  readonly rows: readonly LabelledText[];
}

export interface Pace {
  readonly periods: number;
  readonly rowsPerPeriod: number;
  /** Share of the messages about which feedback comes. */
  readonly labelShare: number;
}

const minute = 60_000;
const batchRecords = 500;
const quietMs = 1_500;
const stallMs = 240_000;
const probesMax = 40;

/** The stream cut into periods, the last of which has ended a while ago. */
export function periodsOf(stream: readonly LabelledText[], pace: Pace, now: number): readonly Period[] {
  const { rowsPerPeriod } = pace;
  const count = Math.min(pace.periods, Math.floor(stream.length / rowsPerPeriod));
  // Evenly over the whole stream, in its order.
  const step = Math.floor(stream.length / count);
  const end = Math.floor(now / minute) * minute - 2 * minute;
  return Array.from({ length: count }, (_, index) => {
    const rows = stream.slice(index * step, index * step + rowsPerPeriod);
    return { index, when: rows[0]!.when, from: end - (count - index) * minute, rows };
  });
}

/** Publishes the comments of a period and waits until what was said about each of them is stored. */
export async function playPeriod(stack: Stack, period: Period): Promise<void> {
  const { rows, from } = period;
  for (let start = 0; start < rows.length; start += batchRecords) {
    const messages = rows.slice(start, start + batchRecords).map((row, at) => ({
      ...envelopeOf(row.id, from + Math.floor(((start + at) / rows.length) * minute), stack),
      text: row.text,
      author: null,
      thread: null,
    }));
    await publish(stack, 'comments', messages);
  }
  await stored(stack, 'predictions', from, rows.length);
}

/** Feedback of a reviewer about a share of a period’s messages, the same ones in every run. */
export async function labelPeriod(stack: Stack, period: Period, share: number): Promise<number> {
  const labelled = period.rows.filter(
    ({ id }) => Number.parseInt(derivedId('labelled', id).slice(0, 8), 16) / 2 ** 32 < share,
  );
  const messages = labelled.map((row) => ({
    ...envelopeOf(derivedId('feedback', row.id), period.from + minute, stack),
    messageId: row.id,
    task,
    label: row.label,
    value: null,
    agrees: null,
    by: 'reviewer',
  }));
  await publish(stack, 'feedback', messages);
  await stored(stack, 'feedback', period.from + minute, labelled.length);
  return labelled.length;
}

/**
 * Resolves when nothing is due: every window that is over is judged, what a report asks for is asked for, nobody trains
 * and no candidate waits. Who is to do it may have been killed and need a while to come back.
 */
export async function restful(stack: Stack, ledger: Ledger, isTrained: boolean): Promise<void> {
  const busy = async () => {
    const { retraining, candidate } = ledger.state(task);
    if (candidate !== null || (await dueWindows(stack)).length > 0) return true;
    return isTrained && (retraining !== null || (await causeOf(task, stack, ledger, stack.now())) !== null);
  };
  const until = performance.now() + stallMs;
  do {
    while (await busy()) {
      if (performance.now() > until)
        throw new Error(`the loop stands still: ${JSON.stringify(ledger.state(task))}`);
      await sleep(200);
    }
    // An experiment looks at its figures once more.
    await sleep(quietMs);
  } while (await busy());
}

/**
 * Resolves when the release that serves by the ledger answers: promotions take effect within moments, not at once. Its
 * probes are older than the stream, which begins at `begin`, so they close none of its windows.
 */
export async function inForce(stack: Stack, ledger: Ledger, begin: number): Promise<void> {
  const { serving } = ledger.state(task);
  if (serving === null) return;
  for (let probe = 0; probe < probesMax; probe++) {
    const id = `probe-${randomUUID()}`;
    const message = { ...envelopeOf(id, begin - minute, stack), text: 'a probe', author: null, thread: null };
    await publish(stack, 'comments', [message]);
    if ((await servedBy(stack, id)) === serving.release) return;
    await sleep(quietMs);
  }
  throw new Error(`${serving.release} was promoted and does not answer`);
}

async function servedBy({ clickhouse }: Stack, id: string): Promise<string> {
  const sql = `SELECT release FROM prediction_results WHERE messageId = {id:String} AND task = {task:String} AND coalesce(arm, '') != 'shadow'`;
  for (const until = performance.now() + stallMs; ; await sleep(50)) {
    const [row] = await clickhouse.query<{ release: string }>(sql, { id, task });
    if (row) return row.release;
    if (performance.now() > until) throw new Error('a probe is not answered');
  }
}

/** Resolves when a table holds so many rows of a minute of event time. */
async function stored({ clickhouse }: Stack, table: string, from: number, rows: number): Promise<void> {
  const span = { from, to: from + minute };
  const sql = `SELECT toUInt32(count()) AS rows FROM ${table}
    WHERE eventTime >= fromUnixTimestamp64Milli({from:Int64}) AND eventTime < fromUnixTimestamp64Milli({to:Int64})`;
  for (const until = performance.now() + stallMs; ; await sleep(50)) {
    const [found] = await clickhouse.query<{ rows: number }>(sql, span);
    if ((found?.rows ?? 0) >= rows) return;
    if (performance.now() > until) throw new Error(`${found?.rows} of ${rows} rows came into ${table}`);
  }
}

async function publish(
  { log, wire, now }: Stack,
  topic: string,
  messages: readonly Message[],
): Promise<void> {
  if (messages.length > 0) await log.publish([{ topic, records: wire.encode(topic, messages, now()) }]);
}

const envelopeOf = (id: string, eventTime: number, { now }: Stack) => ({
  id,
  tenant: 'default',
  eventTime,
  ingestTime: now(),
  source: 'loop',
  traceparent: derivedTraceparent(id),
});
