// The rules of `rules@1.0.0`, as data: what earns a prompt its points and why. A person who wants to know where a
// score came from reads this table.
import type { FeatureName } from '../../schemas/features.ts';

export const rulesRelease = 'rules@1.0.0';

/** Measures made of two features. */
export type Measure = FeatureName | 'longWordShare' | 'wordsPerLine';

export interface Rule {
  readonly measure: Measure;
  /** At `from` or before it the rule gives nothing, at `to` or past it all its points, between them its share. */
  readonly from: number;
  readonly to: number;
  /** Points earned, or taken away where negative. */
  readonly points: number;
  /** The rule knows words or marks of Latin script only: it has no say over a text in another one. */
  readonly latinOnly?: boolean;
  readonly why: string;
}

export const subScores = ['clarity', 'specificity', 'structure', 'context'] as const;
export type SubScore = (typeof subScores)[number];

/** Share of each sub-score in the quality. */
export const qualityWeights: Readonly<Record<SubScore, number>> = {
  clarity: 0.35,
  specificity: 0.25,
  structure: 0.2,
  context: 0.2,
};

/** The points that can be earned add up to 100 in every list. Nothing is taken from specificity and context. */
export const qualityRules: Readonly<Record<SubScore, readonly Rule[]>> = {
  clarity: [
    { measure: 'words', from: 0, to: 6, points: 65, why: 'A few words leave open what is asked.' },
    {
      measure: 'questionMarks',
      from: 0,
      to: 1,
      points: 15,
      why: 'A question says that an answer is wanted.',
    },
    {
      measure: 'readingEase',
      from: 0,
      to: 50,
      points: 20,
      latinOnly: true,
      why: 'Plain words, plain request.',
    },
    {
      ...{ measure: 'sentenceLength', from: 30, to: 60, points: -25, latinOnly: true },
      why: 'The request drowns in a long sentence.',
    },
    { measure: 'upperCaseRatio', from: 0.4, to: 0.8, points: -20, why: 'Shouting is hard to read.' },
    { measure: 'longestRepeat', from: 5, to: 12, points: -10, why: 'Repeated characters carry nothing.' },
    { measure: 'exclamationMarks', from: 2, to: 6, points: -10, why: 'Excitement is not a request.' },
    { measure: 'punctuationRatio', from: 0.25, to: 0.5, points: -15, why: 'More marks than words.' },
  ],
  specificity: [
    { measure: 'words', from: 4, to: 60, points: 25, why: 'Every constraint takes words.' },
    { measure: 'numbers', from: 0, to: 2, points: 15, why: 'Amounts, dates and limits are numbers.' },
    { measure: 'hasQuotes', from: 0, to: 1, points: 10, why: 'It names exact words.' },
    { measure: 'listItems', from: 0, to: 3, points: 10, why: 'It lists what it wants.' },
    { measure: 'codeBlocks', from: 0, to: 1, points: 5, why: 'It shows the code it is about.' },
    { measure: 'urls', from: 0, to: 1, points: 5, why: 'It points at what it is about.' },
    {
      measure: 'asksForFormat',
      from: 0,
      to: 1,
      points: 12,
      latinOnly: true,
      why: 'It names the form of the answer.',
    },
    { measure: 'asksForDetail', from: 0, to: 1, points: 9, latinOnly: true, why: 'It says how deep to go.' },
    {
      measure: 'asksForExample',
      from: 0,
      to: 1,
      points: 9,
      latinOnly: true,
      why: 'It gives or wants an example.',
    },
  ],
  structure: [
    {
      measure: 'sentences',
      from: 0,
      to: 1,
      points: 60,
      why: 'A short prompt needs no more order than a sentence.',
    },
    { measure: 'punctuationRatio', from: 0, to: 0.01, points: 15, why: 'Marks show where thoughts end.' },
    { measure: 'listItems', from: 0, to: 3, points: 15, why: 'Parts are told apart.' },
    { measure: 'lines', from: 1, to: 4, points: 10, why: 'Paragraphs hold what belongs together.' },
    {
      ...{ measure: 'sentenceLength', from: 25, to: 50, points: -40, latinOnly: true },
      why: 'Sentences run on without an end.',
    },
    { measure: 'wordsPerLine', from: 120, to: 300, points: -20, why: 'A wall of text.' },
  ],
  context: [
    { measure: 'words', from: 6, to: 80, points: 40, why: 'Background takes words.' },
    {
      measure: 'sentences',
      from: 1,
      to: 3,
      points: 20,
      why: 'Sentences beside the request give its setting.',
    },
    { measure: 'rootTypeTokenRatio', from: 2, to: 7, points: 15, why: 'Many different words, many facts.' },
    { measure: 'hasQuotes', from: 0, to: 1, points: 10, why: 'It quotes what it is about.' },
    { measure: 'codeBlocks', from: 0, to: 1, points: 5, why: 'It brings its code.' },
    { measure: 'urls', from: 0, to: 1, points: 5, why: 'It names a source.' },
    { measure: 'numbers', from: 0, to: 1, points: 5, why: 'It gives figures.' },
  ],
};

/** How demanding a prompt is: length, variety and difficulty of words, and how much the answer has to satisfy. */
export const complexityRules: readonly Rule[] = [
  { measure: 'words', from: 2, to: 120, points: 30, why: 'There is much to read and to regard.' },
  { measure: 'rootTypeTokenRatio', from: 2, to: 9, points: 20, why: 'Many different things are named.' },
  {
    measure: 'longWordShare',
    from: 0.05,
    to: 0.4,
    points: 15,
    latinOnly: true,
    why: 'Long words are terms.',
  },
  { measure: 'sentences', from: 1, to: 6, points: 10, why: 'Several requests or conditions.' },
  { measure: 'codeBlocks', from: 0, to: 1, points: 5, why: 'Code has to be understood.' },
  { measure: 'listItems', from: 0, to: 4, points: 5, why: 'Every item has to be met.' },
  { measure: 'numbers', from: 0, to: 3, points: 5, why: 'Figures have to come out right.' },
  { measure: 'asksForDetail', from: 0, to: 1, points: 5, latinOnly: true, why: 'Depth is wanted.' },
  { measure: 'asksForFormat', from: 0, to: 1, points: 5, latinOnly: true, why: 'A form has to be kept.' },
];
