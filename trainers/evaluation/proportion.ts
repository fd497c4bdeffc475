// How sure a share of counted rows is.
import type { Interval } from './bootstrap.ts';

/** Interval that holds the true share 95 times of 100 (Wilson 1927): honest for few rows and for shares near 0 and 1. */
export function wilson(right: number, rows: number): Interval {
  if (rows === 0) return { low: 0, high: 1 };
  const z = 1.959963984540054;
  const share = right / rows;
  const middle = share + z ** 2 / (2 * rows);
  const reach = z * Math.sqrt((share * (1 - share)) / rows + z ** 2 / (4 * rows ** 2));
  const whole = 1 + z ** 2 / rows;
  return { low: Math.max(0, (middle - reach) / whole), high: Math.min(1, (middle + reach) / whole) };
}
