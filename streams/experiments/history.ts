// Every experiment there was, from the ledger: what was tried, how far it came, how it ended and why.
import type { Experiment, TaskState } from '../../processors/experiments/task-state.ts';
import type { ModelEvent } from '../../schemas/model-event.ts';
import { Ledger } from '../model-ledger.ts';
import type { Stack } from '../stack.ts';

/** An experiment under way, or ended. */
type Told = {
  readonly experiment: string;
  readonly task: string;
  readonly treatment: string;
  readonly control: string;
  /** Instants in ISO 8601; null: it has not ended. */
  readonly started: string;
  readonly ended: string | null;
  /** `ended`: it was decided about another release, and that was its end. */
  readonly outcome: 'in shadow' | 'in canary' | 'promoted' | 'rolled-back' | 'ended';
  /** Who decided last, and why. */
  readonly by: string | null;
  readonly reason: string;
};

/** All experiments, the newest first. Throws what the log throws. */
export async function historyOf(stack: Stack): Promise<readonly Told[]> {
  const history = new History();
  const ledger = new Ledger(stack);
  ledger.onDecision((state, event) => history.take(state, event));
  try {
    await ledger.start();
    return history.told();
  } finally {
    await ledger.close();
  }
}

class History {
  readonly #told = new Map<string, Told>();
  readonly #open = new Map<string, readonly Experiment[]>();

  /** Takes a decision that counted, and what holds after it. */
  take({ task, experiments }: TaskState, event: ModelEvent): void {
    const before = this.#open.get(task) ?? [];
    this.#open.set(task, experiments);
    for (const one of experiments) if (event.experiment === one.id) this.#note(task, one, event);
    for (const one of before) if (experiments.every(({ id }) => id !== one.id)) this.#end(one, event);
  }

  /** All, the newest first. */
  told(): readonly Told[] {
    return [...this.#told.values()].reverse();
  }

  #note(task: string, { id, treatment, control, stage, shadowedAt }: Experiment, event: ModelEvent): void {
    this.#told.set(id, {
      ...{ experiment: id, task, treatment, control },
      ...{
        started: iso(shadowedAt),
        ended: null,
        outcome: `in ${stage}`,
        by: event.by,
        reason: event.reason,
      },
    });
  }

  #end({ id }: Experiment, event: ModelEvent): void {
    const isOwn = event.experiment === id && (event.event === 'promoted' || event.event === 'rolled-back');
    this.#told.set(id, {
      ...this.#told.get(id)!,
      ...{ ended: iso(event.eventTime), by: event.by },
      outcome: isOwn ? (event.event as 'promoted' | 'rolled-back') : 'ended',
      reason: isOwn ? event.reason : `${event.release} was ${event.event.replace('-', ' ')}: ${event.reason}`,
    });
  }
}

const iso = (ms: number): string => new Date(ms).toISOString();
