// How far two lists of numbers rise and fall together. All are NaN below two rows or where one list is constant.

/** Correlation of the values themselves. */
export function pearson(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const [meanA, meanB] = [mean(a), mean(b)];
  let [together, spreadA, spreadB] = [0, 0, 0];
  for (let row = 0; row < a.length; row++) {
    const [gapA, gapB] = [a[row]! - meanA, b[row]! - meanB];
    together += gapA * gapB;
    spreadA += gapA * gapA;
    spreadB += gapB * gapB;
  }
  if (spreadA === 0 || spreadB === 0) return Number.NaN;
  return Math.max(-1, Math.min(1, together / Math.sqrt(spreadA * spreadB)));
}

/** Correlation of the ranks, equal values sharing the mean of theirs (Spearman). */
export const spearman = (a: ArrayLike<number>, b: ArrayLike<number>): number => pearson(ranks(a), ranks(b));

/** Ranks from 1; equal values get the mean of the ranks they take up. */
export function ranks(values: ArrayLike<number>): Float64Array {
  const order = Int32Array.from({ length: values.length }, (_, row) => row);
  order.sort((x, y) => values[x]! - values[y]!);
  const result = new Float64Array(values.length);
  for (let from = 0; from < order.length; ) {
    let to = from + 1;
    while (to < order.length && values[order[to]!] === values[order[from]!]) to++;
    for (let at = from; at < to; at++) result[order[at]!] = (from + to + 1) / 2;
    from = to;
  }
  return result;
}

/** Kendall's tau-b: pairs in the same order less pairs in the opposite one, ties counted out; O(n log n) (Knight 1966). */
export function kendall(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const order = Int32Array.from({ length: a.length }, (_, row) => row);
  order.sort((x, y) => a[x]! - a[y]! || b[x]! - b[y]!);
  const pairs = (a.length * (a.length - 1)) / 2;
  const tiedA = tiedPairs(order, (x, y) => a[x] === a[y]);
  const tiedBoth = tiedPairs(order, (x, y) => a[x] === a[y] && b[x] === b[y]);
  const swaps = sortCounting(order, b);
  const tiedB = tiedPairs(order, (x, y) => b[x] === b[y]);
  if (tiedA === pairs || tiedB === pairs) return Number.NaN;
  const difference = pairs - tiedA - tiedB + tiedBoth - 2 * swaps;
  const tau = difference / Math.sqrt(pairs - tiedA) / Math.sqrt(pairs - tiedB);
  return Math.max(-1, Math.min(1, tau));
}

/** Pairs of neighbours in order that are equal, run by run. */
function tiedPairs(order: Int32Array, equal: (x: number, y: number) => boolean): number {
  let pairs = 0;
  let run = 0;
  for (let at = 1; at < order.length; at++) {
    run = equal(order[at - 1]!, order[at]!) ? run + 1 : 0;
    pairs += run;
  }
  return pairs;
}

/** Merge sort by value; answers how many neighbours an insertion sort would have swapped. */
function sortCounting(order: Int32Array, values: ArrayLike<number>): number {
  let swaps = 0;
  let [source, target] = [order.slice(), order.slice()];
  for (let width = 1; width < order.length; width *= 2) {
    for (let from = 0; from < order.length; from += 2 * width) {
      const middle = Math.min(from + width, order.length);
      const end = Math.min(from + 2 * width, order.length);
      let [left, right] = [from, middle];
      for (let at = from; at < end; at++) {
        const takesRight =
          left >= middle || (right < end && values[source[right]!]! < values[source[left]!]!);
        if (takesRight) swaps += middle - left;
        target[at] = source[takesRight ? right++ : left++]!;
      }
    }
    [source, target] = [target, source];
  }
  order.set(source);
  return swaps;
}

function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let row = 0; row < values.length; row++) sum += values[row]!;
  return sum / values.length;
}
