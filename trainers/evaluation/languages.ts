// The slice `language` of examples: in which language a model says each text is.
import type { Model } from '../../processors/inference/model.ts';
import type { Example } from '../trainer.ts';
import { ask } from './answers.ts';

/** The examples with the slice `language` as a language model calls each text; those that have one keep theirs. */
export async function withLanguages(
  model: Model,
  examples: readonly Example[],
  signal: AbortSignal,
): Promise<readonly Example[]> {
  const { labels } = model.manifest;
  const plain = examples.map(({ text }) => ({ text, labels: [] }));
  const values = await ask(model, plain, { signal });
  return examples.map((example, row) => {
    const scores = values.subarray(row * labels.length, (row + 1) * labels.length);
    const language = labels[scores.indexOf(Math.max(...scores))]!;
    return { ...example, slices: { language, ...example.slices } };
  });
}
