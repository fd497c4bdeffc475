// The ledger of decisions: reads `model-events` from the beginning, follows it, and folds what holds for every task.
// A decision is recorded by publishing it and reading it back: it counts when it followed from what held in the log
// before it, wherever else a process decided at the same moment.
import { randomUUID } from 'node:crypto';
import { advance, type TaskState, untouched } from '../processors/experiments/task-state.ts';
import { derivedId, derivedTraceparent } from '../schemas/identity.ts';
import type { ModelEvent } from '../schemas/model-event.ts';
import { type Following, follow } from './following.ts';
import { within } from './loop/patience.ts';
import type { Stack } from './stack.ts';

/** A decision, before it is a message. */
export type Decision = Pick<ModelEvent, 'event' | 'task' | 'release' | 'reason' | 'evidence'> &
  Partial<Pick<ModelEvent, 'request' | 'experiment' | 'by' | 'eventTime'>> & {
    /** What tells it from others of its kind, the same whoever decides it: the decision made twice is one. */
    readonly of: string;
  };

export interface Recorded {
  readonly event: ModelEvent;
  /** Whether it changed what holds; false where it did not follow, or had been decided before. */
  readonly counted: boolean;
}

type Listener = (state: TaskState, event: ModelEvent) => void;

const topic = 'model-events';
const unreadable = 'a record of model-events is no decision that this version knows';
const recordMs = 30_000;

/** Reads all that was decided so far; throws what the log throws. */
export async function openLedger(stack: LedgerPorts): Promise<Ledger> {
  const ledger = new Ledger(stack);
  await ledger.start();
  return ledger;
}

type LedgerPorts = Pick<Stack, 'log' | 'wire' | 'now' | 'logger'>;

export class Ledger {
  readonly #stack: LedgerPorts;
  readonly #states = new Map<string, TaskState>();
  readonly #listeners = new Set<Listener>();
  /** Decisions on their way, by id, and those who wait for them. */
  readonly #waiting = new Map<string, Set<(recorded: Recorded) => void>>();
  readonly #seen = new Map<string, Recorded>();
  #following: Following | null = null;

  constructor(stack: LedgerPorts) {
    this.#stack = stack;
  }

  async start(): Promise<void> {
    this.#following = await follow(
      this.#stack,
      topic,
      (message) => this.#take(message as unknown as ModelEvent),
      {
        // Passed over by everyone whose code is of the same version; another one may know it.
        refused: (refusal, { offset }) => this.#stack.logger.error({ offset, ...refusal }, unreadable),
      },
    );
  }

  /** What holds for a task. */
  state(task: string): TaskState {
    return this.#states.get(task) ?? untouched(task);
  }

  /** What holds for every task that anything was decided about. */
  get states(): readonly TaskState[] {
    return [...this.#states.values()];
  }

  /** Calls back after every event that counted; what is returned ends that. */
  onDecision(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Publishes a decision and waits until it is read back. Throws `Retryable` when the log does not take it. */
  async record({ of, ...decision }: Decision): Promise<Recorded> {
    const event = this.#eventOf(of, decision);
    const known = this.#seen.get(event.id);
    if (known?.counted) return { ...known, counted: false };
    const { log, wire, now } = this.#stack;
    const waiting = this.#waiting.get(event.id) ?? new Set();
    this.#waiting.set(event.id, waiting);
    let wait: (recorded: Recorded) => void = () => {};
    const back = new Promise<Recorded>((resolve) => {
      wait = resolve;
    });
    waiting.add(wait);
    try {
      await log.publish([{ topic, records: wire.encode(topic, [event], now()) }]);
      return await within(back, recordMs);
    } finally {
      waiting.delete(wait);
      if (waiting.size === 0) this.#waiting.delete(event.id);
    }
  }

  async close(): Promise<void> {
    await this.#following?.close();
  }

  #eventOf(of: string, decision: Omit<Decision, 'of'>): ModelEvent {
    const { task, event } = decision;
    const id = derivedId('model-event', task, event, of);
    const time = this.#stack.now();
    return {
      request: null,
      experiment: null,
      by: null,
      eventTime: time,
      ...decision,
      id,
      tenant: 'default',
      ingestTime: time,
      source: 'millrace',
      traceparent: derivedTraceparent(decision.request ?? decision.experiment ?? id),
      // Its own, so that compaction, which keeps a topic from growing old, takes no decision out of the order.
      subject: `${task}/${event}/${randomUUID()}`,
    };
  }

  #take(event: ModelEvent): void {
    const before = this.state(event.task);
    // A decision counts once, however late and often it is written again.
    const after = this.#seen.get(event.id)?.counted ? before : advance(before, event);
    const recorded = { event, counted: after !== before };
    if (recorded.counted || !this.#seen.has(event.id)) this.#seen.set(event.id, recorded);
    if (recorded.counted) {
      this.#states.set(event.task, after);
      for (const listener of this.#listeners) listener(after, event);
    }
    for (const told of this.#waiting.get(event.id) ?? []) told(recorded);
  }
}
