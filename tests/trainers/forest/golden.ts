// The golden data of tests/golden/forest/make.py, in the shapes that forests take.
import { readFileSync } from 'node:fs';
import type { Targets } from '../../../trainers/forest/forest.ts';
import type { Matrix } from '../../../trainers/forest/matrix.ts';

interface GoldenTree {
  readonly leaves: number;
  readonly answers: readonly (number | readonly number[])[];
}

interface Golden {
  readonly learned: number;
  readonly x: readonly (readonly number[])[];
  readonly holes: readonly (readonly (number | null)[])[];
  readonly y: readonly number[];
  readonly classes: readonly number[];
  readonly trees: Readonly<Record<'regression' | 'depth' | 'missing' | 'classes', GoldenTree>>;
  readonly scores: Readonly<
    Record<'forestRegression' | 'forestClasses' | 'boostingRegression' | 'boostingClasses', readonly number[]>
  >;
}

export const golden = JSON.parse(
  readFileSync(new URL('../../golden/forest/trees.json', import.meta.url), 'utf8'),
) as Golden;

export function matrixOf(rows: readonly (readonly (number | null)[])[]): Matrix {
  const columns = rows[0]!.length;
  const values = Float32Array.from(rows.flat(), (value) => value ?? Number.NaN);
  return { rows: rows.length, columns, values };
}

export const valueTargets = (values: readonly number[]): Targets => ({
  activation: 'identity',
  width: 1,
  values: Float64Array.from(values),
});

function classTargets(classes: readonly number[], width: number): Targets {
  const values = new Float64Array(classes.length * width);
  classes.forEach((label, row) => {
    values[row * width + label] = 1;
  });
  return { activation: 'softmax', width, values };
}

const { learned } = golden;
export const train = {
  x: matrixOf(golden.x.slice(0, learned)),
  holes: matrixOf(golden.holes.slice(0, learned)),
  y: valueTargets(golden.y.slice(0, learned)),
  classes: classTargets(golden.classes.slice(0, learned), 3),
};
export const held = {
  x: matrixOf(golden.x.slice(learned)),
  y: valueTargets(golden.y.slice(learned)),
  classes: classTargets(golden.classes.slice(learned), 3),
};

/** Share of the variance that answers explain. */
export function rSquared(answers: Float64Array, { values }: Targets): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const left = values.reduce((sum, value, row) => sum + (value - answers[row]!) ** 2, 0);
  return 1 - left / values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
}

/** Share of the rows whose leading class holds. */
export function accuracy(answers: Float64Array, { width, values }: Targets): number {
  const rows = values.length / width;
  let right = 0;
  for (let row = 0; row < rows; row++) {
    const probabilities = answers.subarray(row * width, (row + 1) * width);
    right += values[row * width + probabilities.indexOf(Math.max(...probabilities))]!;
  }
  return right / rows;
}
