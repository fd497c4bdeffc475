// How good a prompt is, and why: the quality and its four sub-scores, in points.
import { isInShare, type Row, textOf } from '../data-sets/rows.ts';
import type { DataSet, Role, Task } from '../task.ts';

const labels = ['quality', 'clarity', 'specificity', 'structure', 'context'];
/** The texts that are learned from; the others judge, in whichever file they stand. */
const learnedShare = 0.7;

const rated = (file: string, role: Role): DataSet => ({
  file: `prompt-quality/${file}`,
  role,
  licence: 'Apache-2.0',
  source: 'OASST1 and other open prompts, rated for this project by language-model agents',
  shipped: true,
  examples: (row) => (isInShare(textOf(row), learnedShare) === (role === 'train') ? [exampleOf(row)] : []),
});

const exampleOf = (row: Row) => ({
  text: textOf(row),
  labels: [],
  values: labels.map((label) => Number(row[label])),
});

export const promptQuality: Task = {
  task: 'prompt-quality',
  version: '1.0.0',
  doc: 'Rates an English prompt from 0 to 100, and says why by its clarity, specificity, structure and context. A forest over the 31 features of a prompt. Not served by default: the rules of the scoring stage rate prompts unless `prompt-quality` is among the prompt tasks.',
  labels,
  activation: 'identity',
  emptyLabel: 'quality',
  training: { kind: 'forest', parameters: { trees: 100, leafRowsMin: 8 } },
  balancePower: 1,
  calibrationShare: 0.1,
  learnsSamples: true,
  dataSets: [
    rated('all', 'train'),
    rated('first_turns', 'train'),
    rated('all', 'test'),
    rated('first_turns', 'test'),
  ],
  reference: ['prompts'],
  targets: [
    'On 172 held-out rated prompts the rules (`rules@1.1.0`) reach a Spearman correlation of .29 with the ratings, the length of a prompt .15 less; in five folds of the 330 twice-rated prompts a forest reaches .36, length .22.',
    'With the votes of OpenAssistant’s volunteers the rules correlate by .28, the length alone by .25: the difference (−.015 to .076) may be chance. No gain over length is claimed there, and against the rules none for the forest (+.02, −.11 to .17).',
    'A fine-tuned transformer of prompt quality is not known to us; any regression export is imported with `millrace models import`.',
  ],
  limits: [
    'English only.',
    'Learned from some 350 prompts, which two language-model agents rated by one guideline (Spearman .96 between them); no human did. It is a second opinion to the rules, not a measurement.',
    'It sees counts of words, marks and phrases, not what is asked: a fluent prompt that makes no sense gets a good score.',
    'Some of its prompts are among the samples of this repository, on which no figure is claimed.',
  ],
};
