// The rules of level 0: what they say of plain texts, and that they are never sure.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { resultOf } from '../../../processors/inference/inference.ts';
import { answersByRules, rulesReleaseOf, tasksWithRules } from '../../../processors/inference/rules.ts';

const labels = (task: string, texts: readonly string[]): readonly string[] => {
  const answers = answersByRules(task, texts);
  return texts.map((_, row) => resultOf(answers, row).label);
};

const cases: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  sentiment: {
    'I love this, it is great': 'positive',
    'This is the worst. Terrible!': 'negative',
    'It is not good': 'negative',
    'The table has four legs': 'neutral',
    '': 'neutral',
  },
  toxicity: {
    'You are an IDIOT': 'toxic',
    'just shut   up': 'toxic',
    'I drove past the idiotic sign': 'not-toxic',
    'Have a nice day': 'not-toxic',
  },
  emotion: { 'thanks a lot': 'gratitude', 'I am so sad, I cry': 'sadness', 'a chair': 'neutral' },
  language: {
    'the cat is on the table': 'en',
    'das ist nicht die Frage': 'de',
    'le chat et la table sont dans ce jardin': 'fr',
    これは日本語の文章です: 'ja',
    这是中文: 'zh',
    'Это русский текст': 'ru',
    '1234 !!': 'und',
  },
  'prompt-intent': {
    'Write a python function that sorts': 'coding',
    'Translate this into French: hello': 'rewriting_translation',
    'What is the capital of France?': 'question_answering',
    'Turn it off': 'task_command',
  },
};

describe('rules', () => {
  for (const task of tasksWithRules)
    it(`of ${task} say what is plain`, () => {
      const texts = Object.keys(cases[task]!);
      assert.deepEqual(labels(task, texts), Object.values(cases[task]!));
    });

  it('give probabilities that sum to one and are never certain, under a release of their own', () => {
    for (const task of tasksWithRules) {
      const { release, probabilities, labels: names } = answersByRules(task, ['I love you, great', '']);
      assert.equal(release, `rules/${task}@1.0.0`);
      assert.equal(release, rulesReleaseOf(task));
      for (const row of [0, 1]) {
        const values = probabilities.subarray(row * names.length, (row + 1) * names.length);
        const sum = values.reduce((total, value) => total + value, 0);
        assert.ok(Math.abs(sum - 1) < 1e-5 && Math.max(...values) <= 0.9 + 1e-6, `${task} ${sum}`);
      }
    }
  });

  it('are there for some tasks only', () => {
    assert.throws(() => answersByRules('ranking', ['a']), /no rules for the task “ranking”/);
  });
});
