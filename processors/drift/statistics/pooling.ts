// Rare bins put together, so that χ² approximations hold and a lone message in an empty bin is no drift.
export interface Sides {
  readonly expected: readonly number[];
  readonly actual: readonly number[];
}

export interface Pooled {
  /** Groups that should hold ten messages on the smaller side. */
  readonly filled: Sides;
  /** What was left over: too few messages for a χ² approximation, none perhaps; null where no bin was. */
  readonly rest: { readonly expected: number; readonly actual: number } | null;
  /** The filled groups and after them, where either side has any, the rest. */
  readonly all: Sides;
}

/** With fewer counts in a bin the χ² approximations of what chance gives are wrong. */
const expectedCountMin = 10;

/**
 * Neighbouring rare bins put together until the smaller sample should hold ten in each group. What goes together
 * depends on the baseline alone, not on what the window happens to show, and not on the order of the counts: grouping
 * by frequency collects the bins that the baseline underestimates by chance, which gave 4 false alarms in 1,000
 * windows instead of 1 in 10,000. The rest stays apart: added to a large group it would drown, and a value that the
 * baseline never saw with it.
 */
export function pooled({ expected, actual }: Sides): Pooled {
  const total = sum(expected);
  const scale = Math.min(total, sum(actual)) / total;
  const groups = { expected: [] as number[], actual: [] as number[] };
  const close = (before: number, after: number): void => {
    groups.expected.push(before);
    groups.actual.push(after);
  };
  let [before, after, open] = [0, 0, false];
  for (const [bin, count] of expected.entries()) {
    if (count * scale >= expectedCountMin) {
      close(count, actual[bin] as number);
      continue;
    }
    [before, after, open] = [before + count, after + (actual[bin] as number), true];
    if (before * scale < expectedCountMin) continue;
    close(before, after);
    [before, after, open] = [0, 0, false];
  }
  const filled = { expected: [...groups.expected], actual: [...groups.actual] };
  if (before + after > 0) close(before, after);
  return { all: groups, filled, rest: open ? { expected: before, actual: after } : null };
}

const sum = (counts: readonly number[]): number => counts.reduce((all, count) => all + count, 0);
