// The rules by which feedback becomes labels, read naively; and feedback that tries them: late, repeated, out of order, in
// contradiction.
import type { Feedback } from '../../../schemas/feedback.ts';
import type { Prediction, Result } from '../../../schemas/prediction.ts';
import { feedbackOf, predictionOf, resultOf } from './stored.ts';

const start = 1_763_722_800_000;

const binsOf: Readonly<Record<string, readonly string[]>> = {
  'task@1.0.0': ['no', 'yes'],
  'many@1.0.0': ['a', 'b', 'c'],
  'hate@1.0.0': ['hate', 'not-hate'],
};

/** The rules of docs/labels.md, read aloud. */
export function resolveNaively(predictions: readonly Prediction[], feedback: readonly Feedback[]) {
  const messages = [...new Set(predictions.map(({ messageId }) => messageId))];
  return ['task', 'many', 'hate'].flatMap((task) =>
    messages.flatMap((messageId) => {
      const served = predictions
        .filter((prediction) => prediction.messageId === messageId)
        .flatMap(({ results }) => results)
        .filter((result) => result.task === task && result.arm !== 'shadow')
        .at(-1);
      const words = feedback.filter(
        (word, index) =>
          word.task === task &&
          word.messageId === messageId &&
          [word.label, word.value, word.agrees].some((said) => said !== null) &&
          feedback.findIndex(({ id }) => id === word.id) === index,
      );
      const label = served && resolved(served, words);
      return label ? [{ task, messageId, release: served.release, answer: served.label, ...label }] : [];
    }),
  );
}

/** What a word says about the served answer; `score` is that answer as points where the task can be scored. */
function meaningOf({ label, value, agrees }: Feedback, served: Result, score: number | null) {
  if (label !== null) return { label, value: null, correct: label === served.label };
  if (value === null || score === null) {
    const names = binsOf[served.release]!;
    const other = names.length === 2 ? names.find((name) => name !== served.label)! : null;
    return { label: agrees ? served.label : other, value: null, correct: agrees! };
  }
  const named = value >= 50 ? 'hate' : 'not-hate';
  return { label: named, value, correct: named === served.label };
}

/** One label of all that was said about one answer. */
function resolved(served: Result, words: readonly Feedback[]) {
  const share = served.probabilities[served.labels.indexOf('hate')];
  const score = binsOf[served.release]!.includes('not-hate')
    ? 100 * (share ?? 1 - served.probabilities.reduce((a, b) => a + b, 0))
    : null;
  const said = words.filter(({ label, agrees }) => label !== null || agrees !== null || score !== null);
  if (said.length === 0) return null;
  const authority = ({ by }: Feedback) => ['user', 'reviewer'].indexOf(by ?? '');
  const kind = ({ label, value }: Feedback) =>
    label !== null ? 2 : value !== null && score !== null ? 1 : 0;
  const [winner] = [...said].sort(
    (one, two) =>
      authority(two) - authority(one) ||
      kind(two) - kind(one) ||
      two.eventTime - one.eventTime ||
      (two.id < one.id ? -1 : 1),
  );
  const meaning = meaningOf(winner!, served, score);
  const isSame = (word: Feedback) =>
    JSON.stringify(meaningOf(word, served, score)) === JSON.stringify(meaning);
  const disagrees = (word: Feedback) => {
    const { label, correct } = meaningOf(word, served, score);
    return (
      correct !== meaning.correct || (label !== null && meaning.label !== null && label !== meaning.label)
    );
  };
  return {
    ...meaning,
    by: winner!.by ?? 'system',
    votes: said.length,
    conflicting: said.filter(disagrees).length,
    labelledAt: Math.min(...said.filter(isSame).map(({ ingestTime }) => ingestTime)),
  };
}

/** Numbers in [0, 1), the same in every run. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const labelsOf: Readonly<Record<string, readonly string[]>> = {
  task: ['no', 'yes'],
  many: ['a', 'b', 'c'],
  hate: ['hate', 'not-hate'],
  unasked: ['no'],
};

export function generated(seed: number) {
  const random = createRandom(seed);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
  const messages = Array.from({ length: 60 }, (_, index) => `${seed}/${index}`);
  const arms = [null, 'control', 'treatment', 'shadow'] as const;
  const predict = (messageId: string, at: number): Prediction =>
    predictionOf(messageId, start + at, [
      resultOf('task@1.0.0', pick(['no', 'yes']), { confidence: pick([0.25, 0.5, 0.75]), arm: pick(arms) }),
      resultOf('task@2.0.0', pick(['no', 'yes']), { arm: 'shadow' }),
      ...(random() < 0.5 ? [resultOf('many@1.0.0', pick(['a', 'b', 'c']))] : []),
      resultOf('hate@1.0.0', pick(['hate', 'not-hate']), { probabilities: [pick([0.25, 0.5, 1])] }),
    ]);
  const predictions = messages.map((messageId, index) => predict(messageId, index * 1_000));
  // Some messages are published twice.
  predictions.push(...messages.filter(() => random() < 0.2).map((messageId) => predict(messageId, 90_000)));
  const words = Array.from({ length: 300 }, (_, index): Feedback => {
    const task = pick(['task', 'many', 'hate', 'unasked']);
    const form = pick(['label', 'label', 'value', 'agrees', 'agrees', 'silent']);
    const arrival = start + Math.floor(random() * 40) * 100_000;
    return feedbackOf(`${seed}/f${index}`, random() < 0.05 ? `${seed}/nobody` : pick(messages), {
      task,
      // Few instants, so that ties occur; some before their messages, some long after.
      eventTime: start + (Math.floor(random() * 4) - 1) * 50_000,
      ingestTime: arrival,
      label: form === 'label' ? pick(labelsOf[task]!) : null,
      value: form === 'value' ? pick([5, 20, 60, 90]) : null,
      agrees: form === 'agrees' || (form === 'label' && random() < 0.2) ? random() < 0.5 : null,
      by: pick(['user', 'reviewer', 'system', null]),
    });
  });
  const twice = words
    .filter(() => random() < 0.2)
    .map((word) => ({ ...word, ingestTime: word.ingestTime + 1 }));
  return { predictions, feedback: [...words, ...twice].sort((one, two) => one.ingestTime - two.ingestTime) };
}
