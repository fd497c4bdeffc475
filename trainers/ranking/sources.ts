// The data that rankers and expanders are made from and judged on. trainers/ranking/prepare.ts makes the files.
import type { Row } from '../data-sets/rows.ts';
import type { DataSet, Role } from '../task.ts';
import type { Example } from '../trainer.ts';
import { questionExamples } from './questions.ts';

/** Whole answers to other questions are easy to tell apart: they count less than sentences of one text. */
const wholeAnswerWeight = 0.25;

const weighted =
  (weight: number) =>
  (row: Row): readonly Example[] =>
    questionExamples(row).map((example) => ({ ...example, weight }));

const shipped = (
  file: string,
  role: Role,
  licence: string,
  source: string,
  examples = questionExamples,
): DataSet => ({ file, role, licence, source, shipped: true, examples });

const xquad = (split: string, role: Role) =>
  shipped(
    `xquad_sentences/${split}`,
    role,
    'CC-BY-SA-4.0',
    'XQuAD (English), google-deepmind/xquad@7d30520c7175; the sentence that holds the answer',
  );

const dolly = (set: string, split: string, role: Role, examples = questionExamples) =>
  shipped(
    `${set}/${split}`,
    role,
    'CC-BY-SA-3.0',
    'Databricks Dolly 15k, through TurkuNLP/dolly-fi@66d3b31ec6c2',
    examples,
  );

const covid = shipped(
  'covid_faq/all',
  'train',
  'Apache-2.0',
  'deepset-ai/COVID-QA@fb2eb5e24961',
  weighted(wholeAnswerWeight),
);

/** WikiQA and TREC-QA: a row is a pair. */
const pairExamples = (row: Row): readonly Example[] => [
  { text: String(row.question), second: String(row.answer), labels: [], values: [Number(row.label)] },
];

/** Evaluated only: neither their rows nor a model made from them may be passed on. */
export const publicPairs = (file: 'wikiqa' | 'trecqa_wang', split: 'train' | 'dev' | 'test'): DataSet => ({
  file: `${file}/${split}`,
  role: 'test',
  licence: file === 'wikiqa' ? 'Microsoft Research data licence, research only' : 'none stated',
  source: file === 'wikiqa' ? 'castorini/data@056cbbcbf997' : 'brmson/dataset-sts@e1d3375f5b3b',
  shipped: false,
  examples: pairExamples,
});

/** What the shipped ranker learns from, stops by and is judged on. */
export const rankingSets: readonly DataSet[] = [
  xquad('train', 'train'),
  dolly('dolly_sentences', 'train', 'train'),
  dolly('dolly_responses', 'train', 'train', weighted(wholeAnswerWeight)),
  covid,
  xquad('dev', 'calibration'),
  dolly('dolly_sentences', 'dev', 'calibration'),
  xquad('test', 'test'),
  dolly('dolly_sentences', 'test', 'test'),
  publicPairs('wikiqa', 'test'),
  publicPairs('trecqa_wang', 'test'),
];
