// Forests on numbers, trained as scikit-learn’s defaults are.
import { join } from 'node:path';
import { fitForest } from '../../trainers/forest/fit.ts';
import { answersOf, type Targets } from '../../trainers/forest/forest.ts';
import { createRandom } from '../../trainers/random.ts';
import { type Measured, measure, share, writeBytes } from './measurement.ts';

export interface ForestPlan {
  readonly rows: number;
  readonly columns: number;
  readonly trees: number;
  readonly threads: number;
  readonly seeds: readonly number[];
}

/** Friedman’s first function with noise and twenty columns that say nothing (Friedman 1991), and two classes of it. */
function friedman({ rows, columns }: ForestPlan) {
  const heldRows = Math.ceil(rows / 2);
  const random = createRandom(3);
  const total = rows + heldRows;
  const x = new Float32Array(total * columns).map(() => random());
  const noise = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const values = new Float64Array(total);
  const classes = new Float64Array(total);
  for (let row = 0; row < total; row++) {
    const at = (column: number) => x[row * columns + column]!;
    const value = 10 * Math.sin(Math.PI * at(0) * at(1)) + 20 * (at(2) - 0.5) ** 2 + 10 * at(3) + 5 * at(4);
    values[row] = value + noise();
    classes[row] = value + 2 * noise() > 14.4 ? 1 : 0;
  }
  return { x, values, classes };
}

export async function measureForests(folder: string, plan: ForestPlan): Promise<readonly Measured[]> {
  const { rows, columns, trees, threads, seeds } = plan;
  const heldRows = Math.ceil(rows / 2);
  const { x, values, classes } = friedman(plan);
  for (const [name, array] of Object.entries({ x, values, classes }))
    writeBytes(join(folder, `${name}.bin`), array);
  const train = { rows, columns, values: x.subarray(0, rows * columns) };
  const held = { rows: heldRows, columns, values: x.subarray(rows * columns) };
  const oneHot = new Float64Array(rows * 2);
  for (let row = 0; row < rows; row++) oneHot[2 * row + classes[row]!] = 1;
  const targets: Readonly<Record<'values' | 'classes', Targets>> = {
    values: { activation: 'identity', width: 1, values: values.subarray(0, rows) },
    classes: { activation: 'softmax', width: 2, values: oneHot },
  };
  const results: Measured[] = [];
  for (const seed of seeds) {
    for (const method of ['forest', 'boosting'] as const) {
      for (const target of ['values', 'classes'] as const) {
        // As scikit-learn’s defaults are.
        const options = { method, trees, leafRowsMin: method === 'forest' ? 1 : 20 };
        const score = (answers: Float64Array) =>
          target === 'values'
            ? rSquared(answers, values.subarray(rows))
            : share(heldRows, (row) => Number(answers[2 * row + 1]! > 0.5) === classes[rows + row]);
        results.push(
          await measure(`${method}, ${target}`, async () => {
            const forest = await fitForest(train, targets[target], options, { seed, threads });
            return () => score(answersOf(forest, held));
          }),
        );
      }
    }
  }
  return results;
}

function rSquared(answers: Float64Array, truth: Float64Array): number {
  const mean = truth.reduce((sum, value) => sum + value, 0) / truth.length;
  const left = truth.reduce((sum, value, row) => sum + (value - answers[row]!) ** 2, 0);
  return 1 - left / truth.reduce((sum, value) => sum + (value - mean) ** 2, 0);
}
