// The ranker trainer: from questions with right and wrong answers to a model that scores a question and a candidate.
import { z } from 'zod';
import { PairFeaturizer, pairFeatureNames } from '../../processors/retrieval/pair-features.ts';
import { TermTable, writeTermTable } from '../../processors/retrieval/term-table.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import { createRandom } from '../random.ts';
import type { Example, Trainer } from '../trainer.ts';
import { writeScorer } from './graph.ts';
import { isDecidable, type Question, questionsOf, withMined } from './questions.ts';
import { type FeatureGroup, fitScorer } from './scorer.ts';
import { countTerms } from './term-statistics.ts';

const parameters = z.strictObject({
  hidden: z.int().min(0).max(512).default(32).describe('units of the hidden layer, 0 for a linear scorer'),
  epochs: z.int().min(1).max(500).default(20).describe('passes over the questions'),
  learningRate: z.number().positive().default(0.001).describe('first learning rate; it falls along a cosine'),
  margin: z.number().positive().default(1).describe('how far right answers should score above wrong ones'),
  weightDecay: z.number().min(0).default(0.01).describe('how much weights shrink at each step'),
  pairsMax: z.int().min(1).default(8).describe('wrong answers that a right one is compared with in an epoch'),
  patience: z.int().min(1).default(5).describe('epochs without a better dev score after which it ends'),
  minedNegatives: z
    .int()
    .min(0)
    .max(100)
    .default(8)
    .describe('wrong answers found for questions without any'),
  lowerCaseShare: z.number().min(0).max(1).default(0.5).describe('share of the questions read in lower case'),
  termsMax: z.int().min(16).default(20_000).describe('terms of the table'),
  passagesMin: z.int().min(1).default(2).describe('passages a term of the table stands in at least'),
  dimensions: z.int().min(2).max(512).default(64).describe('length of a term’s embedding'),
  window: z.int().min(1).max(50).default(5).describe('how far apart terms may stand to be near'),
});
export type RankerParameters = z.infer<typeof parameters>;

/**
 * Learns from examples of a question (`text`), a candidate (`second`) and `values` [1] or [0]; candidates of one
 * question have equal texts. Throws `Misconfigured` where no question has a right and a wrong answer.
 */
export const rankerTrainer: Trainer<'ranker', RankerParameters> = {
  kind: 'ranker',
  doc: 'scores a question and a candidate answer by shared words, embeddings and answer types; margin loss',
  parameters,
  async fit(data, options, context) {
    if (data.labels.length !== 1 || data.activation !== 'identity')
      throw unfit('a ranker gives one value: it needs one label and the activation identity');
    if (context.parent !== undefined) throw unfit('a ranker cannot go on from an earlier release');
    const asked = questionsOf(data.train);
    const rows = countTerms(textsOf(data.train), { ...options, seed: context.seed });
    context.signal?.throwIfAborted();
    // What is served reads the table from its bytes: so does training.
    const featurizer = new PairFeaturizer(new TermTable(rows));
    const train = withMined(asked, options.minedNegatives).filter(isDecidable);
    if (train.length === 0) throw unfit('no question has both a right and a wrong answer');
    const random = createRandom(context.seed);
    const groups = train.map((question) =>
      groupOf(featurizer, random() < options.lowerCaseShare ? inLowerCase(question) : question),
    );
    const dev = withMined(questionsOf(data.dev), options.minedNegatives).filter(isDecidable);
    const judged = dev.map((question) => groupOf(featurizer, question));
    const scorer = await fitScorer(groups, judged, options, context);
    return {
      shape: { kind: 'ranker', features: [...pairFeatureNames] },
      files: new Map([
        ['model.onnx', writeScorer(scorer)],
        ['terms.bin', writeTermTable(rows)],
      ]),
    };
  },
};

/** Every text once, in the order of the examples. */
const textsOf = (examples: readonly Example[]): readonly string[] => [
  ...new Set(examples.flatMap(({ text, second }) => [text, second ?? '']).filter((text) => text !== '')),
];

const groupOf = (
  featurizer: PairFeaturizer,
  { text, candidates, relevant, weight }: Question,
): FeatureGroup => ({
  features: featurizer.featurize(candidates.map((candidate) => [text, candidate])),
  relevant,
  weight,
});

const inLowerCase = (question: Question): Question => ({
  ...question,
  text: question.text.toLowerCase(),
  candidates: question.candidates.map((candidate) => candidate.toLowerCase()),
});

const unfit = (message: string): Misconfigured =>
  new Misconfigured(message, {
    code: 'data-unfit',
    fix: 'Give a task with one label, the activation identity, and questions with right and wrong candidates.',
  });
