// Whether the loop did what it promises: each promise with what was seen.

import { advance, type TaskState, untouched } from '../../processors/experiments/task-state.ts';
import type { ModelEvent } from '../../schemas/model-event.ts';
import type { PeriodAccuracy } from './accuracy.ts';
import { task } from './champion.ts';
import { bad, champion } from './script.ts';

export interface Kept {
  readonly promise: string;
  readonly kept: boolean;
  readonly seen: string;
}

export interface Seen {
  readonly accuracy: readonly PeriodAccuracy[];
  /** Every decision in the log, in its order. */
  readonly events: readonly ModelEvent[];
  readonly state: TaskState;
  /** Rows of model_events. */
  readonly stored: number;
  readonly drifted: boolean;
  readonly gainMin: number;
  /** Messages that the bad candidate served, and how many it may. */
  readonly bad: { readonly served: number; readonly max: number } | null;
}

export function verdictOf(seen: Seen): readonly Kept[] {
  const { events, state, accuracy } = seen;
  const good = events.filter(
    ({ event, release, experiment }) => event === 'promoted' && experiment !== null && release !== bad,
  );
  const steps = ['retraining-requested', 'candidate-trained', 'shadowed', 'canaried'] as const;
  const after = accuracy.filter(({ served }) =>
    Object.keys(served).every((release) => release !== champion && release !== bad),
  );
  const gain =
    mean(after.map(({ withLoop }) => withLoop)) - mean(after.map(({ withoutLoop }) => withoutLoop));
  const effective = effectiveOf(events);
  const twice = effective.length - new Set(effective.map(subjectOf)).size;
  return [
    {
      promise: 'drift is detected',
      kept: seen.drifted,
      seen: seen.drifted ? 'reports with the verdict drifted' : 'none',
    },
    ...steps.map((step) => ({
      promise: `${step} before a promotion`,
      kept:
        good.length > 0 &&
        events.findIndex(({ event }) => event === step) < events.indexOf(good[0]!) &&
        events.some(({ event }) => event === step),
      seen: String(events.filter(({ event }) => event === step).length),
    })),
    {
      promise: 'a candidate is promoted',
      kept: good.length > 0,
      seen: good.map(({ release }) => release).join(', ') || 'none',
    },
    {
      promise: `accuracy recovers by at least ${seen.gainMin}`,
      kept: after.length > 0 && gain >= seen.gainMin,
      seen:
        after.length === 0
          ? 'no period was served by a new release alone'
          : `${gain.toFixed(3)} over ${after.length} periods`,
    },
    ...(seen.bad === null
      ? []
      : [
          {
            promise: `a bad candidate is rolled back within ${seen.bad.max} messages that it served`,
            kept:
              events.some(({ event, release }) => event === 'rolled-back' && release === bad) &&
              seen.bad.served <= seen.bad.max,
            seen: `${seen.bad.served} served`,
          },
        ]),
    {
      promise: 'the log alone says who serves',
      kept: good.length > 0 && state.serving?.release === good.at(-1)?.release,
      seen: state.serving?.release ?? 'nothing decided',
    },
    {
      promise: 'every decision is in ClickHouse',
      kept: seen.stored === events.length,
      seen: `${seen.stored} of ${events.length}`,
    },
    {
      promise: 'no decision is taken twice',
      kept: twice === 0,
      seen: `${effective.length} took effect, ${twice} twice`,
    },
  ];
}

/**
 * The decisions that took effect, as the log alone tells. Who is killed between writing one and reading it back writes
 * it again, under the same id; that changes nothing.
 */
function effectiveOf(events: readonly ModelEvent[]): readonly ModelEvent[] {
  let state = untouched(task);
  const effective = new Map<string, ModelEvent>();
  for (const event of events) {
    if (effective.has(event.id)) continue;
    const after = advance(state, event);
    if (after === state) continue;
    state = after;
    effective.set(event.id, event);
  }
  return [...effective.values()];
}

/** What a decision is about: a request for retraining is about itself. */
const subjectOf = ({ id, event, release, request, experiment }: ModelEvent): string =>
  JSON.stringify([event, release, request ?? experiment ?? id, experiment]);

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
