// One play of the loop from begin to end, in any world.

import { Refusal } from '../../connectors/wire/refusal.ts';
import type { ModelEvent } from '../../schemas/model-event.ts';
import { openLedger } from '../../streams/model-ledger.ts';
import type { Stack } from '../../streams/stack.ts';
import { accuracyOf, openFirstChampion, type PeriodAccuracy } from './accuracy.ts';
import { task } from './champion.ts';
import type { Material } from './material.ts';
import { inForce, labelPeriod, type Pace, periodsOf, playPeriod, restful } from './play.ts';
import { bad, bringBad, Script, type ScriptOptions } from './script.ts';
import { type Entry, Story } from './story.ts';
import { type Kept, verdictOf } from './verdict.ts';
import type { World } from './world.ts';

export interface LoopOptions extends ScriptOptions {
  readonly material: Material;
  readonly models: string;
  readonly pace: Pace;
  /** Messages that the bad candidate may serve at most. */
  readonly badServedMax: number;
  readonly gainMin: number;
  readonly signal: AbortSignal;
  readonly onEntry: (entry: Entry) => void;
  readonly onPeriod: (accuracy: PeriodAccuracy, periods: number) => void;
}

export interface LoopResult {
  readonly accuracy: readonly PeriodAccuracy[];
  readonly timeline: readonly Entry[];
  readonly verdict: readonly Kept[];
  readonly seconds: number;
}

/** Plays the stream, brings a bad candidate near the end, and judges what was seen. */
export async function playLoop(world: World, options: LoopOptions): Promise<LoopResult> {
  const { material, models, pace, badServedMax, gainMin, signal } = options;
  const started = performance.now();
  const { stack } = world;
  const ledger = await openLedger(stack);
  const champion = await openFirstChampion(models);
  const story = new Story(options.onEntry);
  const stopFollowing = story.follow(ledger);
  const accuracy: PeriodAccuracy[] = [];
  const script = new Script(options);
  try {
    const periods = periodsOf(material.stream, pace, stack.now());
    for (const [at, period] of periods.entries()) {
      signal.throwIfAborted();
      story.plays(period);
      const state = ledger.state(task);
      if (script.isOver(at, state)) break;
      if (script.bringsBad(at, state, periods.length)) await world.command(bringBad);
      await playPeriod(stack, period);
      if (at > 0) await labelPeriod(stack, periods[at - 1]!, pace.labelShare);
      await restful(stack, ledger, !script.isBadBrought);
      await inForce(stack, ledger, periods[0]!.from);
      await story.readReports(stack);
      const measured = await accuracyOf(stack, champion, period);
      accuracy.push(measured);
      options.onPeriod(measured, periods.length);
    }
    const events = await decisionsIn(stack);
    const verdict = verdictOf({
      accuracy,
      events,
      state: ledger.state(task),
      stored: await storedDecisions(stack),
      drifted: story.entries.some(({ what }) => what === 'drifted'),
      gainMin,
      bad: script.isBadBrought
        ? { served: accuracy.reduce((sum, { served }) => sum + (served[bad] ?? 0), 0), max: badServedMax }
        : null,
    });
    return { accuracy, timeline: story.entries, verdict, seconds: (performance.now() - started) / 1_000 };
  } finally {
    stopFollowing();
    await champion.close(1_000);
    await ledger.close();
  }
}

/** Every decision about the task as the log has it. */
async function decisionsIn({ log, wire }: Stack): Promise<readonly ModelEvent[]> {
  const topic = 'model-events';
  const [range] = await log.ranges([topic]);
  const events: ModelEvent[] = [];
  if (!range || range.end === range.start) return events;
  const options = { from: new Map([[0, range.start]]), to: new Map([[0, range.end]]) };
  for await (const { partition, records } of log.read(topic, options)) {
    await wire.prepare(topic, records);
    for (const record of records) {
      const event = wire.decode(topic, partition, record);
      if (!(event instanceof Refusal)) events.push(event as unknown as ModelEvent);
    }
  }
  return events.filter((event) => event.task === task);
}

async function storedDecisions({ clickhouse }: Stack): Promise<number> {
  const [row] = await clickhouse.query<{ events: number }>(
    'SELECT toUInt32(count()) AS events FROM model_events WHERE task = {task:String}',
    { task },
  );
  return row?.events ?? 0;
}
