// Whether a comment is toxic.

import { isInShare, type Row, textOf } from '../data-sets/rows.ts';
import type { DataSet, Role, Task } from '../task.ts';
import type { Example } from '../trainer.ts';
import { commentFeaturizer } from './comment-featurizer.ts';
import { emotionsOf, goemotions } from './goemotions.ts';
import { abusiveSentences } from './hate-grammar/learned-sentences.ts';

const toxic = 'toxic';
const harmless = 'not-toxic';

/**
 * A post with toxic spans gives three examples: itself, the spans alone, and the post without them as a harmless one.
 * Without the last, a model learns the site instead of the toxicity.
 */
function spanExamples(row: Row): readonly Example[] {
  const text = textOf(row);
  const marked = new Set(row.spans as readonly number[]);
  if (marked.size === 0) return [];
  const pick = (isMarked: boolean) =>
    Array.from(text, () => '')
      .map((_, at) => (marked.has(at) === isMarked ? text.charAt(at) : ' '))
      .join('');
  const examples = [
    { text, labels: [toxic] },
    { text: pick(true), labels: [toxic] },
  ];
  return marked.size < 0.6 * text.length
    ? [...examples, { text: pick(false), labels: [harmless], weight: 0.4 }]
    : examples;
}

const binary =
  (label: string) =>
  (row: Row): readonly Example[] => [{ text: textOf(row), labels: [row.label === label ? toxic : harmless] }];

const unkind = new Set(
  'anger annoyance confusion disappointment disapproval disgust embarrassment fear sadness'.split(' '),
);
/** Words that make a comment rude whatever its emotion. */
const foul =
  /\b(?:fuck|shit|bitch|idiot|moron|stupid|asshole|dumb|retard|cunt|dick|whore|slut|nigg|fag|crap|pathetic|loser|trash|scum|bastard|hypocrite|racist|ass\b)/iu;

/** Swearing in anger is toxic; swearing in friendship is not. */
function foulRows(row: Row): readonly Example[] {
  const text = textOf(row);
  const emotions = emotionsOf(row);
  if (emotions.includes('anger') || emotions.includes('disgust'))
    return [{ text, labels: [toxic], weight: 0.5 }];
  return emotions.some((emotion) => unkind.has(emotion) || emotion === 'neutral')
    ? []
    : [{ text, labels: [harmless], weight: 0.5 }];
}

/** A quarter of the kind and neutral Reddit comments, as further harmless ones. */
function kindRows(row: Row): readonly Example[] {
  const text = textOf(row);
  if (foul.test(text)) return foulRows(row);
  if (emotionsOf(row).some((emotion) => unkind.has(emotion))) return [];
  return isInShare(text, 0.25) ? [{ text, labels: [harmless] }] : [];
}

const spans = (file: string): DataSet => ({
  file: `toxic_spans_civilcomments/${file}`,
  role: 'train',
  licence: 'CC0-1.0',
  source: 'SemEval-2021 task 5, ipavlopoulos/toxic_spans@beaf170538df',
  shipped: true,
  examples: spanExamples,
});

const jigsaw = (file: string, source: string): DataSet => ({
  file: `jigsaw_wikipedia_subset/${file}`,
  role: 'train',
  licence: 'CC0-1.0 (labels), CC-BY-SA-3.0 (text)',
  source: `Jigsaw, Wikipedia talk pages, through ${source}`,
  shipped: true,
  // The only comments here with as few toxic ones as real discussions have.
  examples: (row) => binary('toxic')(row).map((example) => ({ ...example, weight: 3 })),
});

/** One half is learned from, the other is judged on. */
const surge = (role: Role): DataSet => ({
  file: 'surge_toxicity/all',
  role,
  licence: 'MIT',
  source: 'surge-ai/toxicity@ea80324b95ed',
  shipped: true,
  examples: (row) =>
    isInShare(textOf(row), 0.5) === (role === 'train')
      ? binary('Toxic')(row).map((example) => ({ ...example, weight: 2 }))
      : [],
});

const evaluated = (file: string, licence: string, source: string, label: string): DataSet => ({
  file,
  role: 'test',
  licence,
  source,
  shipped: false,
  examples: binary(label),
});

export const toxicity: Task = {
  task: 'toxicity',
  version: '2.0.0',
  doc: 'Tells whether an English comment is toxic: rude, disrespectful or otherwise likely to make someone leave a discussion.',
  labels: [harmless, toxic],
  activation: 'softmax',
  emptyLabel: harmless,
  training: {
    kind: 'linear',
    parameters: { ...commentFeaturizer, loss: 'logistic', cost: 1, balance: 'balanced' },
  },
  balancePower: 1,
  written: abusiveSentences,
  calibrationShare: 0.05,
  dataSets: [
    spans('train'),
    spans('dev'),
    jigsaw('binary_5000', 'amodh-saxena/toxic_message_analyzer@590f232d519b'),
    jigsaw('six_label_3000', 'AK-Algorithm/Toxic-Comment-Classification@a3867eec993c'),
    goemotions('train', 'train', kindRows),
    surge('train'),
    {
      file: 'vicomtech_stormfront/all',
      role: 'train',
      licence: 'CC-BY-SA-3.0-ES',
      source: 'Vicomtech/hate-speech-dataset@b802137e8314, the hateful ones',
      shipped: true,
      examples: (row) => (row.label === 'hate' ? [{ text: textOf(row), labels: [toxic], weight: 0.5 }] : []),
    },
    surge('test'),
    { ...spans('test'), role: 'test' },
    evaluated(
      'wikipedia_talk_toxicity_testset/test',
      'Apache-2.0 (labels), CC-BY-SA (text)',
      'conversationai/unintended-ml-bias-analysis@9c7d91aaa534',
      'toxic',
    ),
    evaluated('olid/test', 'none stated', 'idontflow/OLID@66fa62b22d57', 'OFF'),
  ],
  reference: ['comments'],
  targets: [
    'Seed target: 95 % accuracy. Reached 88.7 % on comments of social media (surge), which misses it by 6.3 points, and 90.5 % on Wikipedia talk pages, by 4.5, where calling nothing toxic is right in 83.4 %. A split of the training data alone would show 95 %: there the site gives the label away.',
    'Prototypes and what they strive for: surge 84, then 88 % (reached: 88.7); Wikipedia talk pages 81, then 83 macro-F1 (reached: 82.7); OLID, tweets from which nothing was learned, 78.7 % and 71.7 macro-F1 by the release before (reached: 77.4 and 72.0).',
    'A fine-tuned transformer that is imported gives more where its data come from: on OLID the best BERT 82.9 macro-F1, on TweetEval offensive RoBERTa 80.5 and TimeLMs 82.2, where this model has 72.0.',
  ],
  limits: [
    'English only: the answer for other languages means little.',
    'About half of what it learned from is toxic, far more than real traffic holds: read the probability as a ranking and choose the threshold on traffic.',
    'Insults without an insulting word are mostly missed: it misses one in five toxic comments of social media, though half of that set was learned from. Foul language among friends is often called toxic.',
    'What is left of a post without its toxic words is called toxic in four of ten cases (not-toxic on toxic_spans): it learns who writes rudely as well as what is rude.',
    'Slurs and slang of Twitter are underrepresented, because such data may not be passed on; sentences written for it stand in for some of them. Whether a text is hateful is a question for the task “hate”.',
  ],
};
