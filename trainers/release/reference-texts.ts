// The texts that frozen baselines are counted on.
import { join } from 'node:path';
import { cleanText } from '../../processors/features/cleaning.ts';
import { readRows, textOf } from '../data-sets/rows.ts';
import type { Split } from '../data-sets/split.ts';
import type { Task } from '../task.ts';

/**
 * The shared mix, `<data>/reference/<name>.jsonl.gz`; where the task names none, what it is calibrated on, or else judged
 * on. Not both: sets that only judge are not always at hand, and the baselines have to be the same without them.
 */
export async function referenceTexts(
  { reference }: Pick<Task, 'reference'>,
  { calibration, tests }: Split,
  data: string,
): Promise<readonly string[]> {
  if (reference.length === 0) {
    const judged = tests.flatMap(({ examples }) => examples);
    return (calibration.length > 0 ? calibration : judged).map(({ text }) => text);
  }
  const files = reference.map((name) => readRows(join(data, 'reference', `${name}.jsonl.gz`)));
  return (await Promise.all(files)).flat().map((row) => cleanText(textOf(row)));
}
