// What holds for a task, from its log read again: from the middle, and of what compaction leaves.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ModelEvent } from '../../../schemas/model-event.ts';
import { createRandom } from '../../../trainers/random.ts';
import { event, fold, type Kind, task } from './events.ts';

/** What compaction leaves: the last event of each subject, where it stood. */
const compacted = (events: readonly ModelEvent[]): ModelEvent[] =>
  events.filter(({ subject }, place) => events.findLastIndex((later) => later.subject === subject) === place);

/** Events of all kinds in any order, most of which do not follow from what holds. */
function history(seed: number): readonly ModelEvent[] {
  const random = createRandom(seed);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
  const kinds: readonly Kind[] = [
    ...([
      'retraining-requested',
      'training-started',
      'training-declined',
      'candidate-trained',
      'shadowed',
    ] as const),
    ...(['canaried', 'promoted', 'rolled-back', 'baseline-renewed', 'frozen', 'thawed'] as const),
  ];
  return Array.from({ length: 60 }, (_, place) => {
    const kind = pick(kinds);
    const hasExperiment = ['shadowed', 'canaried', 'promoted', 'rolled-back'].includes(kind);
    return event(kind, {
      id: kind === 'retraining-requested' ? pick(['request-1', 'request-2']) : `${seed}-${place}`,
      request:
        kind.startsWith('training') || kind === 'candidate-trained' ? pick(['request-1', 'request-2']) : null,
      experiment: hasExperiment ? pick(['experiment-1', 'experiment-2', 'experiment-3']) : null,
      release: pick(['sentiment@1', 'sentiment@2']),
      evidence: { control: 'sentiment@1' },
      subject: `${task}/${kind}/${seed}-${place}`,
    });
  });
}

describe('the log read again', () => {
  it('says the same to every reader, from wherever it goes on', () => {
    const kinds = new Set<string>();
    for (let seed = 1; seed <= 300; seed++) {
      const events = history(seed);
      const whole = fold(events);
      const middle = Math.floor(events.length / 2);
      assert.deepEqual(fold(events.slice(middle), fold(events.slice(0, middle))), whole);
      for (const { stage } of whole.experiments) kinds.add(stage);
      if (whole.serving) kinds.add('serving');
      if (whole.frozen) kinds.add('frozen');
    }
    assert.deepEqual([...kinds].sort(), ['canary', 'frozen', 'serving', 'shadow']);
  });

  it('says the same when compacted, where every decision has a subject of its own', () => {
    for (let seed = 1; seed <= 100; seed++) {
      const events = history(seed);
      assert.deepEqual(fold(compacted(events)), fold(events), `${seed}`);
    }
  });
});
