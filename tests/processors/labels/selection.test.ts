// What is chosen to be labelled: the uncertain, disputed and drifted first, and no text twice in other words.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Candidate, selectForLabelling, uncertaintyOf } from '../../../processors/labels/selection.ts';
import { pointOf, similarities } from '../../../processors/labels/similarity.ts';

const weights = { uncertainty: 1, disagreement: 1, drift: 0.5, diversity: 0.5 };
const candidate = (text: string, said: Partial<Candidate> = {}): Candidate => ({
  text,
  probabilities: [0.95, 0.05],
  disputed: false,
  drifted: false,
  ...said,
});
const textsOf = (chosen: ReturnType<typeof selectForLabelling>): readonly string[] =>
  chosen.map((one) => one.candidate.text);

describe('what a label teaches', () => {
  it('is more where the two leading answers are closer', () => {
    assert.equal(uncertaintyOf([0.5, 0.5]), 1);
    assert.ok(Math.abs(uncertaintyOf([0.7, 0.2, 0.1]) - 0.5) < 1e-12);
    assert.ok(uncertaintyOf([0.995]) < uncertaintyOf([0.9, 0.1]));
    assert.equal(uncertaintyOf([]), 0);
  });

  it('is more where releases dispute, or where the traffic moved', () => {
    const chosen = selectForLabelling(
      [
        candidate('the weather is fine'),
        candidate('a moved subject', { drifted: true }),
        candidate('nobody can tell', { probabilities: [0.51, 0.49] }),
        candidate('quarrel about meaning', { disputed: true, probabilities: [0.6, 0.4] }),
      ],
      { count: 3, weights },
    );
    assert.deepEqual(textsOf(chosen), ['quarrel about meaning', 'nobody can tell', 'a moved subject']);
    assert.deepEqual(
      chosen.map(({ reasons }) => reasons),
      [['uncertain', 'disputed'], ['uncertain'], ['drifted']],
    );
  });

  it('follows its weights', () => {
    const two = [candidate('one thing', { drifted: true }), candidate('another matter', { disputed: true })];
    assert.equal(textsOf(selectForLabelling(two, { count: 1, weights }))[0], 'another matter');
    const drift = { ...weights, drift: 3 };
    assert.equal(textsOf(selectForLabelling(two, { count: 1, weights: drift }))[0], 'one thing');
  });
});

describe('near-duplicates', () => {
  const alike = Array.from({ length: 10 }, (_, index) =>
    candidate(`Buy cheap watches at our shop today, offer number ${index}!`, { probabilities: [0.5, 0.5] }),
  );
  const others = ['the cat sat on the mat', 'quarterly revenue grew', 'where is my parcel'].map((text) =>
    candidate(text, { probabilities: [0.6, 0.4] }),
  );

  it('are served once, before less valuable texts that are new', () => {
    const chosen = textsOf(selectForLabelling([...alike, ...others], { count: 4, weights }));
    assert.equal(chosen[0], alike[0]!.text);
    assert.deepEqual(new Set(chosen.slice(1)), new Set(others.map(({ text }) => text)));
    // Rather fewer than asked for than the same again.
    assert.equal(selectForLabelling([...alike, ...others], { count: 13, weights }).length, 4);
  });

  it('of a text that was labelled lately are not served', () => {
    const chosen = selectForLabelling([...alike, ...others], { count: 4, weights, known: [alike[5]!.text] });
    assert.deepEqual(new Set(textsOf(chosen)), new Set(others.map(({ text }) => text)));
  });

  it('are let through without diversity', () => {
    const chosen = selectForLabelling([...alike, ...others], {
      count: 5,
      weights: { ...weights, diversity: 0 },
    });
    assert.deepEqual(
      textsOf(chosen),
      alike.slice(0, 5).map(({ text }) => text),
    );
  });

  it('are told by words and trigrams, in any case and script', () => {
    const between = (one: string, two: string): number => similarities(pointOf(one), [pointOf(two)])[0]!;
    assert.ok(Math.abs(between('Hello World', 'hello WORLD!!') - 1) < 1e-6);
    assert.ok(between('Übung macht den Meister', 'Übung macht Meister') > 0.7);
    assert.ok(between('привет как дела', 'привет, как твои дела') > 0.6);
    assert.ok(between('the cat sat', 'quarterly revenue grew') < 0.1);
    assert.ok(between('!!!', '!!') > 0.9);
    assert.equal(between('', 'word'), 0);
  });
});

it('chooses from thousands without comparing all with all', () => {
  const many = Array.from({ length: 2_000 }, (_, index) =>
    candidate(`message ${index} about ${index * 7919} and ${index % 13} things`, {
      probabilities: [0.5 + index / 4_001, 0.5 - index / 4_001],
    }),
  );
  const chosen = selectForLabelling(many, { count: 50, weights });
  assert.equal(new Set(textsOf(chosen)).size, 50);
});
