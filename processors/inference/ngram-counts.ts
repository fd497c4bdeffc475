// Term counts: the ids of a text, each once, with its damped frequency. The linear models' trainer and their serving
// both call this.

/** 1 + ln(count): the second mention of a word says less than the first. */
const damped = Float32Array.from({ length: 4_096 }, (_, count) => 1 + Math.log(Math.max(1, count)));

/** Makes ids unique. One counter serves one thread: it remembers where each bucket was last written. */
export class TermCounter {
  readonly #places: Int32Array;

  constructor(buckets: number) {
    this.#places = new Int32Array(buckets);
  }

  /**
   * Makes the ids [start, end) of one text unique, in place and in order of first appearance, and writes 1 + ln(count)
   * of each into `frequencies`. Returns the new end.
   */
  count(ids: Int32Array, start: number, end: number, frequencies: Float32Array): number {
    const places = this.#places;
    let to = start;
    for (let at = start; at < end; at++) {
      const id = ids[at]!;
      const place = places[id]!;
      // What an earlier text left behind points outside of this one or at another id.
      if (place >= start && place < to && ids[place] === id) {
        frequencies[place]! += 1;
        continue;
      }
      places[id] = to;
      ids[to] = id;
      frequencies[to++] = 1;
    }
    for (let at = start; at < to; at++) {
      const count = frequencies[at]!;
      frequencies[at] = count < damped.length ? damped[count]! : 1 + Math.log(count);
    }
    return to;
  }
}
