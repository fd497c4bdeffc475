// How right the answers were, with the loop (what was served) and without it (the first champion about the same texts).
import { openModelStore } from '../../connectors/model-store.ts';
import { cleanText } from '../../processors/features/cleaning.ts';
import { createEngine, type Engine } from '../../processors/inference/engine.ts';
import { resultOf } from '../../processors/inference/inference.ts';
import type { Stack } from '../../streams/stack.ts';
import { championVersion, task } from './champion.ts';
import type { Period } from './play.ts';

export interface PeriodAccuracy {
  readonly period: number;
  readonly when: string;
  readonly messages: number;
  /** Shares of right answers. */
  readonly withLoop: number;
  readonly withoutLoop: number;
  /** Served by each release. */
  readonly served: Readonly<Record<string, number>>;
}

interface Served {
  readonly messageId: string;
  readonly release: string;
  readonly label: string;
}

/** What the first champion would go on to say. Close it. */
export async function openFirstChampion(models: string): Promise<Engine> {
  const release = await openModelStore(models).load(`${task}@${championVersion}`);
  return createEngine({ models: [release], workers: 1 });
}

/** Every message of a period has to have one served answer: a lost or doubled one is an error. */
export async function accuracyOf(stack: Stack, champion: Engine, period: Period): Promise<PeriodAccuracy> {
  const rows = await stack.clickhouse.query<Served>(
    `SELECT messageId, release, label FROM prediction_results
     WHERE task = {task:String} AND coalesce(arm, '') != 'shadow'
       AND eventTime >= fromUnixTimestamp64Milli({from:Int64}) AND eventTime < fromUnixTimestamp64Milli({to:Int64})`,
    { task, from: period.from, to: period.from + 60_000 },
  );
  const served = new Map(rows.map((row) => [row.messageId, row]));
  if (rows.length !== period.rows.length || served.size !== rows.length)
    throw new Error(
      `period ${period.index}: ${period.rows.length} messages, ${rows.length} answers about ${served.size} of them`,
    );
  const [answers] = await champion.predict(
    [task],
    period.rows.map(({ text }) => cleanText(text)),
  );
  const isRight = period.rows.map(({ id, label }) => served.get(id)!.label === label);
  const wouldBe = period.rows.map(({ label }, at) => resultOf(answers!, at).label === label);
  const by: Record<string, number> = {};
  for (const { release } of rows) by[release] = (by[release] ?? 0) + 1;
  return {
    period: period.index,
    when: period.when,
    messages: rows.length,
    withLoop: share(isRight),
    withoutLoop: share(wouldBe),
    served: by,
  };
}

const share = (right: readonly boolean[]): number => right.filter(Boolean).length / right.length;
