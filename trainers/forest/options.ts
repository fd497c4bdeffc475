// What a forest can be told, with defaults: options of the trainer, of the numeric interface and of a search.
import { z } from 'zod';

export const forestParameters = z.strictObject({
  method: z
    .enum(['forest', 'boosting'])
    .default('forest')
    .describe('forest: independent trees, averaged; boosting: each tree corrects those before it'),
  trees: z.int().min(1).max(5_000).default(200).describe('trees; rounds when boosting'),
  depthMax: z.int().min(0).max(64).default(0).describe('splits from the root to a leaf, 0 for any number'),
  leavesMax: z
    .int()
    .min(0)
    .max(65_536)
    .default(0)
    .describe('leaves of a tree; 0 for 31 when boosting, any number in a forest'),
  leafRowsMin: z.int().min(1).max(100_000).default(3).describe('training rows in a leaf at least'),
  featureShare: z
    .union([z.enum(['auto', 'sqrt']), z.number().positive().max(1)])
    .default('auto')
    .describe(
      'features that compete for a split (for a tree when boosting): a share, or sqrt of all; auto: a third for values, sqrt for classes, all when boosting',
    ),
  bootstrap: z
    .boolean()
    .default(true)
    .describe('whether each tree of a forest sees its own sample of the rows, drawn with replacement'),
  rowShare: z.number().positive().max(1).default(1).describe('share of the rows a boosting round sees'),
  learningRate: z.number().positive().max(1).default(0.1).describe('share of a tree that boosting adds'),
  l2: z.number().min(0).default(0).describe('penalty on the values of leaves'),
  patience: z
    .int()
    .min(0)
    .default(20)
    .describe('boosting rounds without a better dev loss before it ends; 0 to do all rounds'),
  bins: z.int().min(2).max(255).default(255).describe('bins a feature is cut into at most'),
});
export type ForestParameters = z.infer<typeof forestParameters>;

/** How many of `columns` features compete. */
export function featuresIn(
  { featureShare, method }: Pick<ForestParameters, 'featureShare' | 'method'>,
  columns: number,
  activation: 'softmax' | 'sigmoid' | 'identity',
): number {
  const auto = method === 'boosting' ? 1 : activation === 'identity' ? 1 / 3 : 'sqrt';
  const share = featureShare === 'auto' ? auto : featureShare;
  return Math.max(1, share === 'sqrt' ? Math.floor(Math.sqrt(columns)) : Math.round(share * columns));
}
