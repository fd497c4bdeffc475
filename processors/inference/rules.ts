// Models of level 0: rules that answer without a file and without a thread, when a model cannot. They are coarse, say so
// by their release (`rules/<task>@1.0.0`), and are never sure.
import type { Answers } from './engine.ts';
import {
  emotionWords,
  intentPatterns,
  negations,
  negativeWords,
  positiveWords,
  scripts,
  stopWords,
  toxicPhrases,
} from './rule-words.ts';

/** What a rule says of one text: a label, and how many signs of it there are. */
interface Verdict {
  readonly label: string;
  readonly signs: number;
}

interface Rules {
  readonly labels: readonly string[];
  /** For a text without any sign. */
  readonly emptyLabel: string;
  readonly judge: (text: string, words: readonly string[]) => Verdict;
}

const rulesByTask: Readonly<Record<string, Rules>> = {
  sentiment: { labels: ['negative', 'neutral', 'positive'], emptyLabel: 'neutral', judge: sentimentOf },
  toxicity: { labels: ['not-toxic', 'toxic'], emptyLabel: 'not-toxic', judge: toxicityOf },
  emotion: {
    labels: ['neutral', ...Object.keys(emotionWords)],
    emptyLabel: 'neutral',
    judge: (_, words) =>
      strongest(
        Object.entries(emotionWords).map(([label, known]) => [label, countIn(words, known)]),
        'neutral',
      ),
  },
  language: {
    labels: ['und', ...scripts.map(([language]) => language), ...Object.keys(stopWords)],
    emptyLabel: 'und',
    judge: languageOf,
  },
  'prompt-intent': {
    labels: [...intentPatterns.map(([label]) => label), 'task_command'],
    emptyLabel: 'task_command',
    judge: (text) => {
      const found = intentPatterns.find(([, pattern]) => pattern.test(text));
      return { label: found?.[0] ?? 'task_command', signs: found ? 1 : 0 };
    },
  },
};

/** Tasks that there are rules for. */
export const tasksWithRules: readonly string[] = Object.keys(rulesByTask);

/** The release under which rules answer. */
export const rulesReleaseOf = (task: string): string => `rules/${task}@1.0.0`;

/** What the rules of a task say about each text, in their order. Throws where a task has no rules. */
export function answersByRules(task: string, texts: readonly string[]): Answers {
  const rules = rulesByTask[task];
  if (rules === undefined) throw new Error(`there are no rules for the task “${task}”`);
  const { labels, emptyLabel, judge } = rules;
  const probabilities = new Float32Array(labels.length * texts.length);
  texts.forEach((text, row) => {
    const { label, signs } = judge(text, wordsOf(text));
    // One sign is a little better than chance; many are not certainty either.
    const sure = Math.min(0.9, 0.55 + 0.1 * signs);
    const start = row * labels.length;
    probabilities.fill((1 - sure) / (labels.length - 1), start, start + labels.length);
    probabilities[start + labels.indexOf(label)] = sure;
  });
  return { task, release: rulesReleaseOf(task), labels, activation: 'softmax', emptyLabel, probabilities };
}

const wordsOf = (text: string): readonly string[] =>
  text
    .toLowerCase()
    .replaceAll('’', "'")
    .match(/[\p{L}\p{M}]+(?:'[\p{L}\p{M}]+)*/gu) ?? [];

const countIn = (words: readonly string[], known: ReadonlySet<string>): number =>
  words.reduce((sum, word) => sum + (known.has(word) ? 1 : 0), 0);

function strongest(counts: readonly (readonly [string, number])[], otherwise: string): Verdict {
  let best: Verdict = { label: otherwise, signs: 0 };
  for (const [label, signs] of counts) if (signs > best.signs) best = { label, signs };
  return best;
}

function sentimentOf(_: string, words: readonly string[]): Verdict {
  let balance = 0;
  words.forEach((word, at) => {
    const value = positiveWords.has(word) ? 1 : negativeWords.has(word) ? -1 : 0;
    const isNegated = words.slice(Math.max(0, at - 2), at).some((before) => negations.has(before));
    balance += isNegated ? -value : value;
  });
  if (balance === 0) return { label: 'neutral', signs: 0 };
  return { label: balance > 0 ? 'positive' : 'negative', signs: Math.abs(balance) };
}

function toxicityOf(_: string, words: readonly string[]): Verdict {
  const joined = ` ${words.join(' ')} `;
  const signs = toxicPhrases.reduce((sum, phrase) => sum + (joined.includes(` ${phrase} `) ? 1 : 0), 0);
  return { label: signs > 0 ? 'toxic' : 'not-toxic', signs };
}

/** By script; texts in Latin script by their most usual words. */
function languageOf(text: string, words: readonly string[]): Verdict {
  const letters = text.match(/\p{L}/gu)?.length ?? 0;
  for (const [label, script] of scripts) {
    const share = (text.match(script)?.length ?? 0) / letters;
    // Japanese is mostly written in Chinese characters, with its own in between.
    if (share > (label === 'ja' ? 0.1 : 0.5)) return { label, signs: 3 };
  }
  return strongest(
    Object.entries(stopWords).map(([label, known]) => [label, countIn(words, known)]),
    'und',
  );
}
