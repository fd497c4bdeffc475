// Runs of models that read bags of hashed n-grams: their bags as a session takes them, and what it answers put in place.

/** Some texts of a batch as n-gram ids. */
export interface BagRun {
  /** Texts [start, end) of the batch. */
  readonly start: number;
  readonly end: number;
  readonly ids: Int32Array;
  /** Bag of each id: 2i for words of text i, 2i + 1 for its characters. */
  readonly rows: BigInt64Array;
  /** Ids in each bag. */
  readonly counts: Float32Array;
}

/** The run of the texts from `start` on, whose ids end at `ends`; ids below `wordBuckets` are words. */
export function bagRun(wordBuckets: number, start: number, ends: readonly number[], ids: Int32Array): BagRun {
  const rows = new BigInt64Array(ids.length);
  // Row numbers are small: writing their low words through 32 bits avoids a BigInt for every id.
  const rowWords = new Int32Array(rows.buffer);
  const counts = new Float32Array(2 * ends.length);
  let at = 0;
  ends.forEach((end, text) => {
    const from = at;
    let words = 0;
    for (; at < end; at++) {
      const isCharacters = ids[at]! >= wordBuckets ? 1 : 0;
      words += 1 - isCharacters;
      rowWords[2 * at] = 2 * text + isCharacters;
    }
    counts[2 * text] = words;
    counts[2 * text + 1] = end - from - words;
  });
  return { start, end: start + ends.length, ids, rows, counts };
}

/**
 * One row of `labels` values for each of `count` texts, row-major, from what `answer` says of each run. A text without
 * ids gets `emptyLabel` for sure, or nothing but zeros where that is -1.
 */
export async function answerRuns<Run extends BagRun>(
  runs: readonly Run[],
  {
    count,
    labels,
    emptyLabel,
  }: { readonly count: number; readonly labels: number; readonly emptyLabel: number },
  answer: (run: Run) => Promise<Float32Array>,
): Promise<Float32Array<ArrayBuffer>> {
  const values = new Float32Array(count * labels);
  for (const run of runs) {
    if (run.ids.length > 0) values.set(await answer(run), run.start * labels);
    for (let text = run.start; text < run.end; text++) {
      const at = 2 * (text - run.start);
      if (run.counts[at]! + run.counts[at + 1]! > 0) continue;
      values.fill(0, text * labels, (text + 1) * labels);
      if (emptyLabel >= 0) values[text * labels + emptyLabel] = 1;
    }
  }
  return values;
}
