// The texts that frozen baselines are counted on.
import { join } from 'node:path';
import { cleanText } from '../../processors/features/cleaning.ts';
import type { Kind } from '../../schemas/features.ts';
import { readRows, textOf } from '../data-sets/rows.ts';
import type { Split } from '../data-sets/split.ts';
import type { Task } from '../task.ts';

/** Cleaned texts of one kind. */
export interface ReferenceTexts {
  /** Which messages they are; absent: any. */
  readonly messages?: Kind;
  readonly texts: readonly string[];
}

const kindOf = { comments: 'comment', prompts: 'prompt' } as const;

/**
 * The shared mix, `<data>/reference/<name>.jsonl.gz`, kind by kind; where the task names none, what it is calibrated on,
 * or else judged on. Not both: sets that only judge are not always at hand, and the baselines have to be the same
 * without them.
 */
export async function referenceTexts(
  { reference }: Pick<Task, 'reference'>,
  { calibration, tests }: Pick<Split, 'calibration' | 'tests'>,
  data: string,
): Promise<readonly ReferenceTexts[]> {
  if (reference.length === 0) {
    const judged = tests.flatMap(({ examples }) => examples);
    return [{ texts: (calibration.length > 0 ? calibration : judged).map(({ text }) => text) }];
  }
  return Promise.all(
    reference.map(async (name) => {
      const rows = await readRows(join(data, 'reference', `${name}.jsonl.gz`));
      return { messages: kindOf[name], texts: rows.map((row) => cleanText(textOf(row))) };
    }),
  );
}
