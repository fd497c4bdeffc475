// P-values of the two-sample Kolmogorov–Smirnov distance, as scipy.stats.ks_2samp gives them.
import { logGamma } from './gamma.ts';

/** scipy’s bound for the exact distribution. */
const exactSamplesMax = 10_000;
/** Cells of the lattice that are visited at most; where there are more, the p-value is below 1e-11. */
const cellsMax = 1e7;

/**
 * Chance that samples of `n` and `m` of one continuous distribution are `distance` or further apart: exact up to 10,000
 * messages on either side, else the one-sample distribution at n·m/(n + m). Values in bins are tied, which makes
 * the true chance smaller: such a p-value errs on the side of no drift.
 */
export function kolmogorovSmirnovTail(distance: number, n: number, m: number): number {
  const cells = n * m * Math.min(1, 2 * distance);
  if (Math.max(n, m) <= exactSamplesMax && cells <= cellsMax) return twoSampleTail(distance, n, m);
  return oneSampleTail(distance, Math.max(1, roundHalfEven((n * m) / (n + m))));
}

/** NumPy’s rounding, which scipy uses here. */
function roundHalfEven(value: number): number {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 === 1 ? rounded - 1 : rounded;
}

/**
 * Share of the lattice paths from (0, 0) to (n, m) that come to |i/n − j/m| ≥ distance (Schröer and Trenkler, 1995; the
 * recursion of R’s psmirnov, which keeps to probabilities and so keeps its digits in the tail).
 */
function twoSampleTail(distance: number, n: number, m: number): number {
  const reach = Math.round(distance * n * m);
  if (reach <= 0) return 1;
  const outside = new Float64Array(m + 1).fill(1);
  // In row 0 a path is still inside while j·n < reach.
  for (let j = 0; j <= m && j * n < reach; j++) outside[j] = 0;
  let passed = 0;
  for (let i = 1; i <= n; i++) {
    const first = Math.max(0, Math.floor((i * m - reach) / n) + 1);
    const last = Math.min(m, Math.ceil((i * m + reach) / n) - 1);
    for (; passed < first; passed++) outside[passed] = 1;
    let left = first === 0 ? (outside[0] as number) : 1;
    for (let j = Math.max(1, first); j <= last; j++) {
      left = (i * (outside[j] as number) + j * left) / (i + j);
      outside[j] = left;
    }
  }
  return outside[m] as number;
}

/**
 * Chance that `n` messages are `distance` or further from their distribution, by the regions of Simard and L’Ecuyer,
 * “Computing the two-sided Kolmogorov–Smirnov distribution” (2011), as scipy.stats.kstwo has them.
 */
export function oneSampleTail(distance: number, n: number): number {
  if (distance >= 1) return 0;
  if (distance <= 0.5 / n) return 1;
  const squared = n * distance ** 2;
  // Above a half only one of both sides can be reached, and the sum is exact.
  if (distance >= 0.5 || (n <= sumMax && squared >= (n <= 140 ? 4 : 2.2))) {
    return Math.min(1, 2 * smirnovTail(distance, n));
  }
  const isMatrix = n <= 140 || (n <= sumMax && n * distance ** 1.5 <= 1.4);
  return Math.max(0, 1 - (isMatrix ? matrixPower(distance, n) : pelzGood(distance, n)));
}

const sumMax = 100_000;

/** One-sided: d·Σ C(n, j)·(d + j/n)^(j−1)·(1 − d − j/n)^(n−j) (Birnbaum and Tingey, 1951). */
function smirnovTail(distance: number, n: number): number {
  const whole = logGamma(n + 1);
  let tail = 0;
  for (let j = 0; j <= Math.floor(n * (1 - distance)); j++) {
    const rest = 1 - distance - j / n;
    if (rest <= 0) continue;
    const choose = whole - logGamma(j + 1) - logGamma(n - j + 1);
    tail += Math.exp(choose + (j - 1) * Math.log(distance + j / n) + (n - j) * Math.log(rest));
  }
  return distance * tail;
}

/** Exact cumulative chance (Marsaglia, Tsang and Wang, 2003). */
function matrixPower(distance: number, n: number): number {
  const k = Math.ceil(n * distance);
  const size = 2 * k - 1;
  let result = { cells: identity(size), exponent: 0 };
  let square = { cells: stepMatrix(k, k - n * distance), exponent: 0 };
  for (let rest = n; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = times(result, square, size);
    if (rest > 1) square = times(square, square, size);
  }
  const log = logGamma(n + 1) - n * Math.log(n) + result.exponent * Math.log(10);
  return Math.min(1, (result.cells[(k - 1) * size + k - 1] as number) * Math.exp(log));
}

function identity(size: number): Float64Array {
  const cells = new Float64Array(size * size);
  for (let row = 0; row < size; row++) cells[row * size + row] = 1;
  return cells;
}

function stepMatrix(k: number, h: number): Float64Array {
  const size = 2 * k - 1;
  const factorial = (count: number): number => Math.exp(logGamma(count + 1));
  const cells = new Float64Array(size * size);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column <= Math.min(size - 1, row + 1); column++) {
      const steps = row - column + 1;
      let cell = 1;
      if (column === 0) cell -= h ** (row + 1);
      if (row === size - 1) cell -= h ** (size - column);
      if (column === 0 && row === size - 1 && 2 * h > 1) cell += (2 * h - 1) ** size;
      cells[row * size + column] = cell / factorial(steps);
    }
  }
  return cells;
}

interface Scaled {
  readonly cells: Float64Array;
  /** The cells are to be multiplied by ten to this power. */
  readonly exponent: number;
}

function times(a: Scaled, b: Scaled, size: number): Scaled {
  const cells = new Float64Array(size * size);
  for (let row = 0; row < size; row++) {
    for (let inner = 0; inner < size; inner++) {
      const factor = a.cells[row * size + inner] as number;
      if (factor === 0) continue;
      for (let column = 0; column < size; column++) {
        const at = row * size + column;
        cells[at] = (cells[at] as number) + factor * (b.cells[inner * size + column] as number);
      }
    }
  }
  const isLarge = (cells[((size - 1) / 2) * (size + 1)] as number) > 1e140;
  return {
    cells: isLarge ? cells.map((cell) => cell * 1e-140) : cells,
    exponent: a.exponent + b.exponent + (isLarge ? 140 : 0),
  };
}

/** Cumulative chance for many messages (Pelz and Good, 1976): four terms in powers of 1/√n. */
function pelzGood(distance: number, n: number): number {
  const z = Math.sqrt(n) * distance;
  const [z2, pi2] = [z * z, Math.PI ** 2];
  const sums = [0, 0, 0, 0, 0, 0] as [number, number, number, number, number, number];
  for (let k = 0; k < Math.ceil((16 * z) / Math.PI) + 1; k++) {
    const odd = ((2 * k + 1) ** 2 * pi2) / 4;
    const term = Math.exp(-odd / (2 * z2));
    sums[0] += term;
    sums[1] += (odd - z2) * term;
    sums[2] += (6 * z2 ** 3 + 2 * z2 ** 2 + (2 * z2 ** 2 - 5 * z2) * odd + (1 - 2 * z2) * odd ** 2) * term;
    sums[3] +=
      (-30 * z2 ** 3 -
        90 * z2 ** 4 +
        (135 * z2 ** 2 - 96 * z2 ** 3) * odd +
        (212 * z2 ** 2 - 60 * z2) * odd ** 2 +
        (5 - 30 * z2) * odd ** 3) *
      term;
    const even = k * k * pi2;
    const evenTerm = even * Math.exp(-even / (2 * z2));
    sums[4] += evenTerm;
    sums[5] += (3 * z2 - even) * evenTerm;
  }
  const root = Math.sqrt(2 * Math.PI);
  const [k0, k1, k2, k3, extra2, extra3] = sums;
  return (
    root *
    (k0 / z +
      k1 / (6 * z ** 4) / Math.sqrt(n) +
      (k2 / (72 * z ** 7) - extra2 / (36 * z ** 3)) / n +
      (k3 / (6480 * z ** 10) + extra3 / (216 * z ** 6)) / n ** 1.5)
  );
}
