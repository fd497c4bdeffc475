// Runs of models that read bags of hashed n-grams: a bag of words and one of characters for each text.

/** A run ends with the text that brings it to so many ids. */
export const runIdsMax = 16_384;

/** Some texts of a batch as n-gram ids. */
export interface BagRun {
  /** Texts [start, end) of the batch. */
  readonly start: number;
  readonly end: number;
  /** Ids of one text after the other; those below the model's `wordBuckets` are words, the others characters. */
  readonly ids: Int32Array;
  /** `ends[i]` is the end of text `start + i` in `ids`. */
  readonly ends: Int32Array;
}

/** A run as the whole graph of a model file takes it, which kernels are compared with. */
export function graphInputs({ ids, ends }: BagRun, wordBuckets: number) {
  /** The bag of each id: 2i for words of text i, 2i + 1 for its characters. */
  const rows = new BigInt64Array(ids.length);
  /** Ids in each bag. */
  const counts = new Float32Array(2 * ends.length);
  let at = 0;
  ends.forEach((end, text) => {
    for (; at < end; at++) {
      const bag = 2 * text + (ids[at]! >= wordBuckets ? 1 : 0);
      counts[bag]!++;
      rows[at] = BigInt(bag);
    }
  });
  return { ids, rows, counts };
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
    let from = 0;
    for (let text = run.start; text < run.end; text++) {
      const end = run.ends[text - run.start]!;
      const isEmpty = end === from;
      from = end;
      if (!isEmpty) continue;
      values.fill(0, text * labels, (text + 1) * labels);
      if (emptyLabel >= 0) values[text * labels + emptyLabel] = 1;
    }
  }
  return values;
}
