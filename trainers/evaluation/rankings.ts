// How good ranked lists are. A list is the relevance of its entries, best ranked first: 0 for not relevant, above 0
// for relevant, larger for more so. What a list leaves out counts through `relevant` and `ideal`.

/** One over the place of the first relevant entry; 0 where there is none. */
export function reciprocalRank(relevances: ArrayLike<number>): number {
  for (let place = 0; place < relevances.length; place++) if (relevances[place]! > 0) return 1 / (place + 1);
  return 0;
}

/**
 * Mean of the precision at each relevant entry, over all `relevant` ones, found or not; NaN where nothing is relevant:
 * leave such lists out before taking the mean over lists (MAP).
 */
export function averagePrecisionOf(
  relevances: ArrayLike<number>,
  relevant = countRelevant(relevances),
): number {
  let found = 0;
  let sum = 0;
  for (let place = 0; place < relevances.length; place++) {
    if (relevances[place]! <= 0) continue;
    found++;
    sum += found / (place + 1);
  }
  return sum / relevant;
}

/** Share of the relevant entries among the first `k`; NaN where nothing is relevant. */
export function recallAt(
  k: number,
  relevances: ArrayLike<number>,
  relevant = countRelevant(relevances),
): number {
  return countRelevant(Array.prototype.slice.call(relevances, 0, k)) / relevant;
}

/**
 * Discounted gain of the first `k` over that of the best order (Järvelin and Kekäläinen 2002, linear gain): each entry
 * is worth relevance / log2(place + 1). `ideal` is every relevance there is, in any order; 0 where none is above 0.
 */
export function ndcgAt(
  k: number,
  relevances: ArrayLike<number>,
  ideal: ArrayLike<number> = relevances,
): number {
  const best = gain(k, Float64Array.from(ideal).sort().reverse());
  return best === 0 ? 0 : gain(k, relevances) / best;
}

function gain(k: number, relevances: ArrayLike<number>): number {
  let sum = 0;
  for (let place = 0; place < Math.min(k, relevances.length); place++) {
    sum += relevances[place]! / Math.log2(place + 2);
  }
  return sum;
}

function countRelevant(relevances: ArrayLike<number>): number {
  let count = 0;
  for (let place = 0; place < relevances.length; place++) if (relevances[place]! > 0) count++;
  return count;
}
