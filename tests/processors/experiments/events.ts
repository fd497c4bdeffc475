// Model events, and what they fold to, for tests.
import { advance, type TaskState, untouched } from '../../../processors/experiments/task-state.ts';
import type { ModelEvent } from '../../../schemas/model-event.ts';

export type Kind = ModelEvent['event'];

export const task = 'sentiment';
let clock = 1_000;

export const event = (kind: Kind, changes: Partial<ModelEvent> = {}): ModelEvent => {
  const id = changes.id ?? `${kind}-${clock}`;
  return {
    id,
    tenant: 'default',
    eventTime: clock++,
    ingestTime: 0,
    source: 'test',
    traceparent: '',
    subject: `${task}/${kind}/${id}`,
    event: kind,
    task,
    release: 'sentiment@2',
    request: null,
    experiment: null,
    by: null,
    reason: 'a test',
    evidence: {},
    ...changes,
  };
};

export const fold = (events: readonly ModelEvent[], from = untouched(task)): TaskState =>
  events.reduce(advance, from);
