// The checker can fail: what is planted in its evidence is found, each fault by its own name, and nothing else is.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { chargesOf, type Evidence, judge, type Verdict } from './checker.ts';
import type { Kind } from './injector.ts';

const kindOf = (number: number): Kind => (number === 3 ? 'unreadable' : number === 7 ? 'refused' : 'good');

/** Twelve comments of two keys in one partition; the fourth is no comment, the eighth is refused by the model. */
function sound(): Evidence {
  const numbers = Array.from({ length: 12 }, (_, number) => number);
  const scored = numbers.filter((number) => kindOf(number) === 'good');
  const sent = numbers.map((number) => ({
    id: `c${number}`,
    key: `key-${number % 2}`,
    sequence: Math.floor(number / 2),
    kind: kindOf(number),
  }));
  const outputs = scored.map((number, offset) => ({ partition: 0, offset, messageId: `c${number}` }));
  const places = outputs.map(({ partition, offset }) => ({ partition, offset }));
  const letters = [3, 7].map((offset, index) => ({
    partition: 0,
    offset: index,
    code: index === 0 ? 'malformed-json' : 'model-crashed',
    from: { topic: 'comments', partition: 0, offset },
  }));
  return {
    acknowledged: sent,
    comments: sent.map(({ id, key, kind }, offset) => ({ id, key, kind, partition: 0, offset })),
    predictions: outputs,
    scores: outputs,
    letters,
    rows: {
      comments: numbers.filter((number) => number !== 3).map((offset) => ({ partition: 0, offset })),
      predictions: places,
      scores: places,
      letters: letters.map(({ offset }) => ({ partition: 0, offset })),
    },
    view: { results: 10, counted: 10 },
    logStarts: new Map([[0, 0]]),
    deleted: new Set(),
  };
}

/** The same with something planted. */
const planted = (change: (evidence: Evidence) => Partial<Evidence>): Verdict => {
  const evidence = sound();
  return judge({ ...evidence, ...change(evidence) });
};

const without = <T>(list: readonly T[], index: number): T[] => list.filter((_, at) => at !== index);
const again = <T>(list: readonly T[], index: number): T[] => [...list, list[index]!];

/** The verdict's faults that are not zero. */
const faults = (verdict: Verdict): Record<string, number> => {
  const { lost, duplicated, reordered, unseen, invented, repeated, wronglyRefused, viewOff } = verdict;
  const all = { lost, duplicated, reordered, unseen, invented, repeated, wronglyRefused, viewOff };
  return Object.fromEntries(Object.entries(all).filter(([, count]) => count > 0));
};

it('has nothing against a sound run, and counts it', () => {
  const verdict = judge(sound());
  assert.deepEqual(faults(verdict), {});
  assert.equal(verdict.acknowledged, 12);
  assert.equal(verdict.stored, 10);
  assert.equal(verdict.deadLettered, 2);
  assert.deepEqual(verdict.codes, { 'malformed-json': 1, 'model-crashed': 1 });
  assert.deepEqual(chargesOf(verdict, { repeatsMax: 0 }), []);
});

it('finds rows that are missing, in every table', () => {
  for (const table of ['comments', 'predictions', 'scores', 'letters'] as const) {
    const verdict = planted(({ rows }) => ({ rows: { ...rows, [table]: without(rows[table], 1) } }));
    assert.deepEqual(faults(verdict), { lost: 1 }, table);
  }
});

it('finds rows that are there twice, in every table', () => {
  for (const table of ['comments', 'predictions', 'scores', 'letters'] as const) {
    const verdict = planted(({ rows }) => ({ rows: { ...rows, [table]: again(rows[table], 1) } }));
    assert.deepEqual(faults(verdict), { duplicated: 1 }, table);
  }
});

it('finds rows that nobody’s record accounts for', () => {
  const ghost = { partition: 0, offset: 99 };
  const verdict = planted(({ rows }) => ({ rows: { ...rows, scores: [...rows.scores, ghost] } }));
  assert.deepEqual(faults(verdict), { invented: 1 });
});

it('finds an acknowledged message that the log does not have', () => {
  const more = { id: 'c12', key: 'key-0', sequence: 6, kind: 'good' as const };
  assert.deepEqual(faults(planted(({ acknowledged }) => ({ acknowledged: [...acknowledged, more] }))), {
    unseen: 1,
  });
});

it('does not ask for an acknowledgement: what is in the log is to be stored', () => {
  assert.deepEqual(faults(planted(({ acknowledged }) => ({ acknowledged: acknowledged.slice(0, 6) }))), {});
});

it('finds a comment that was committed without an output', () => {
  const verdict = planted(({ scores, rows }) => ({
    scores: scores.slice(0, -1),
    rows: { ...rows, scores: rows.scores.slice(0, -1) },
  }));
  assert.deepEqual(faults(verdict), { lost: 1 });
});

it('tells an output that was published twice from a row that was inserted twice', () => {
  const verdict = planted(({ scores, rows }) => ({
    scores: [...scores, { ...scores[2]!, offset: 10 }],
    rows: { ...rows, scores: [...rows.scores, { partition: 0, offset: 10 }] },
  }));
  assert.deepEqual(faults(verdict), { repeated: 1 });
  assert.equal(chargesOf(verdict, { repeatsMax: 0 }).length, 1);
  assert.deepEqual(chargesOf(verdict, { repeatsMax: 1 }), []);
});

it('finds outputs of one key in the wrong order, and lets keys overtake each other', () => {
  const swapped = (scores: Evidence['scores'], one: number, other: number): Evidence['scores'] =>
    scores.map((score, at) =>
      at === one
        ? { ...score, messageId: scores[other]!.messageId }
        : at === other
          ? { ...score, messageId: scores[one]!.messageId }
          : score,
    );
  assert.deepEqual(faults(planted(({ scores }) => ({ scores: swapped(scores, 0, 2) }))), { reordered: 1 });
  assert.deepEqual(faults(planted(({ scores }) => ({ scores: swapped(scores, 0, 1) }))), {});
});

it('takes one output for two records of one id, not none and not three', () => {
  const twice = (outputs: number): Verdict =>
    planted((evidence) => {
      const { comments, rows } = evidence;
      const more = Array.from({ length: outputs - 1 }, (_, index) => ({
        partition: 0,
        offset: 10 + index,
        messageId: 'c0',
      }));
      const scores = outputs === 0 ? evidence.scores.slice(1) : [...evidence.scores, ...more];
      const places = scores.map(({ partition, offset }) => ({ partition, offset }));
      return {
        comments: [...comments, { ...comments[0]!, offset: 12 }],
        scores,
        rows: { ...rows, scores: places, comments: [...rows.comments, { partition: 0, offset: 12 }] },
      };
    });
  assert.deepEqual(faults(twice(1)), {});
  assert.deepEqual(faults(twice(2)), {});
  assert.deepEqual(faults(twice(0)), { lost: 1 });
  assert.deepEqual(faults(twice(3)), { repeated: 1 });
});

it('finds dead letters that are missing, double or of good messages', () => {
  const letterOf = (offset: number, at: number) => ({
    partition: 0,
    offset: at,
    code: 'no-text',
    from: { topic: 'comments', partition: 0, offset },
  });
  const withLetters = (change: (letters: Evidence['letters']) => Evidence['letters']): Verdict =>
    planted(({ letters, rows }) => {
      const changed = change(letters);
      return {
        letters: changed,
        rows: { ...rows, letters: changed.map(({ partition, offset }) => ({ partition, offset })) },
      };
    });
  assert.equal(withLetters((letters) => letters.slice(1)).lost > 0, true);
  assert.deepEqual(faults(withLetters((letters) => [...letters, letterOf(3, 2)])), { duplicated: 1 });
  const wrong = faults(withLetters((letters) => [...letters, letterOf(0, 2)]));
  assert.equal(wrong.wronglyRefused, 1);
});

it('finds a materialized view that does not agree with its table', () => {
  assert.deepEqual(faults(planted(() => ({ view: { results: 10, counted: 12 } }))), { viewOff: 2 });
});

it('forgives what was deleted from the log on purpose, and only that', () => {
  const verdict = planted(({ comments }) => ({
    comments: comments.slice(2),
    logStarts: new Map([[0, 2]]),
    deleted: new Set(['c0', 'c1']),
  }));
  assert.deepEqual(faults(verdict), {});
  const other = planted(({ comments }) => ({ comments: comments.slice(2), deleted: new Set(['c0']) }));
  assert.equal(other.unseen, 1);
});

it('does not call a run without any message a proof', () => {
  const nothing = judge({ ...sound(), acknowledged: [] });
  assert.equal(chargesOf(nothing, { repeatsMax: 0 }).length, 1);
});
