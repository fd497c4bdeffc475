// Bootstrap intervals (Efron 1979): rows are drawn anew many times and figures taken again. One draw serves every
// figure, and both models where two are compared, so that their differences are paired.
import { createRandom } from '../random.ts';

export interface Interval {
  readonly low: number;
  readonly high: number;
}

export interface Bootstrap {
  readonly rows: number;
  /** How many times rows are drawn. */
  readonly times: number;
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
  /** Lets other work go on and shows how far it is; called every few draws. */
  readonly onProgress?: ((done: number) => void) | undefined;
}

const yieldEvery = 50;

/**
 * Figures of each draw: `figures` gets how often each row was drawn (the same array every time) and answers a fixed
 * number of them. Resolves to the values of each figure over all draws.
 */
export async function bootstrap(
  { rows, times, seed, signal, onProgress }: Bootstrap,
  figures: (drawn: Int32Array) => readonly number[],
): Promise<readonly Float64Array[]> {
  const random = createRandom(seed);
  const drawn = new Int32Array(rows);
  const results: Float64Array[] = [];
  for (let time = 0; time < times; time++) {
    if (time % yieldEvery === 0) {
      await new Promise((resolve) => setImmediate(resolve));
      signal?.throwIfAborted();
      onProgress?.(time / times);
    }
    drawn.fill(0);
    for (let row = 0; row < rows; row++) drawn[Math.floor(random() * rows)]!++;
    figures(drawn).forEach((value, at) => {
      results[at] ??= new Float64Array(times);
      results[at][time] = value;
    });
  }
  return results;
}

/**
 * Interval that holds the middle `level` of the values, by percentiles; draws without a value (NaN) are left out, and
 * null is answered where more than a tenth had none.
 */
export function percentileInterval(values: Float64Array, level = 0.95): Interval | null {
  const known = values.filter((value) => !Number.isNaN(value)).sort();
  if (known.length === 0 || known.length < 0.9 * values.length) return null;
  return { low: quantile(known, (1 - level) / 2), high: quantile(known, (1 + level) / 2) };
}

/** Quantile of sorted values, linear between neighbours (NumPy's default). */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  const low = sorted[below]!;
  return low + (at - below) * ((sorted[Math.min(below + 1, sorted.length - 1)] ?? low) - low);
}
