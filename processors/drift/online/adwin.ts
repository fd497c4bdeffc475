// Adaptive windowing, ADWIN2 (Bifet and Gavaldà, “Learning from time-changing data with adaptive windowing”, 2007): keeps
// as long a window as has one mean. The window is held as buckets of 1, 2, 4, … values, so that memory and work grow with
// the logarithm of its width.
import type { Detector, Flag } from './detector.ts';

export interface AdwinOptions {
  /** Chance of a false alarm at a look. */
  readonly delta: number;
  /** Values between two looks. */
  readonly every: number;
  /** Buckets of one size before the two oldest become one of twice the size. */
  readonly bucketsMax: number;
  /** Values that either side of a cut has at least. */
  readonly sideMin: number;
  /** Values before which nothing is said. */
  readonly warmUp: number;
}

/** Values that came one after the other: their sum, and the sum of squares around their mean. */
interface Bucket {
  readonly total: number;
  readonly squares: number;
}

export interface AdwinState {
  /** Values since the beginning or the last drift. */
  readonly values: number;
  readonly width: number;
  readonly total: number;
  readonly squares: number;
  /** Row i holds the buckets of 2^i values, the oldest first. */
  readonly rows: readonly (readonly Bucket[])[];
  readonly drifted: boolean;
}

const defaults: AdwinOptions = { delta: 0.002, every: 32, bucketsMax: 5, sideMin: 5, warmUp: 10 };
const start: AdwinState = { values: 0, width: 0, total: 0, squares: 0, rows: [[]], drifted: false };

/** Takes any numbers. Options and defaults are river’s; like there, it begins anew with the value after a drift. */
export class Adwin implements Detector {
  readonly #options: AdwinOptions;
  readonly #rows: Bucket[][] = [];
  #values = 0;
  #width = 0;
  #total = 0;
  #squares = 0;
  #drifted = false;

  constructor(options: Partial<AdwinOptions> = {}, state: AdwinState = start) {
    this.#options = { ...defaults, ...options };
    this.#restore(state);
  }

  update(value: number): Flag {
    if (this.#drifted) this.#restore(start);
    this.#values++;
    this.#add(value);
    this.#merge();
    if (this.#values % this.#options.every === 0 && this.#width > this.#options.warmUp)
      while (this.#hasCut()) {
        this.#dropOldest();
        this.#drifted = true;
      }
    return this.#drifted ? 'drift' : 'stable';
  }

  /** Values in the window, and their mean. */
  get window(): { readonly width: number; readonly mean: number } {
    return { width: this.#width, mean: this.#width === 0 ? 0 : this.#total / this.#width };
  }

  state(): AdwinState {
    return {
      values: this.#values,
      width: this.#width,
      total: this.#total,
      squares: this.#squares,
      rows: this.#rows.map((row) => [...row]),
      drifted: this.#drifted,
    };
  }

  #restore({ values, width, total, squares, rows, drifted }: AdwinState): void {
    this.#values = values;
    this.#width = width;
    this.#total = total;
    this.#squares = squares;
    this.#drifted = drifted;
    this.#rows.splice(0, this.#rows.length, ...rows.map((row) => [...row]));
  }

  #add(value: number): void {
    if (this.#width > 0)
      this.#squares += (this.#width * (value - this.#total / this.#width) ** 2) / (this.#width + 1);
    this.#width++;
    this.#total += value;
    this.#rows[0]!.push({ total: value, squares: 0 });
  }

  /** Where a row has one bucket too many, its two oldest become one of the next row. */
  #merge(): void {
    for (let row = 0; this.#rows[row]!.length > this.#options.bucketsMax; row++) {
      const [older, newer] = this.#rows[row]!.splice(0, 2) as [Bucket, Bucket];
      const size = 2 ** row;
      const apart = (size * (older.total / size - newer.total / size) ** 2) / 2;
      this.#rows[row + 1] ??= [];
      this.#rows[row + 1]!.push({
        total: older.total + newer.total,
        squares: older.squares + newer.squares + apart,
      });
    }
  }

  /** Whether an older and a newer part of the window differ in mean, by any cut between two buckets. */
  #hasCut(): boolean {
    let [older, olderTotal] = [0, 0];
    for (let row = this.#rows.length - 1; row >= 0; row--) {
      for (const { total } of this.#rows[row]!) {
        older += 2 ** row;
        olderTotal += total;
        if (this.#differs(older, olderTotal)) return true;
      }
    }
    return false;
  }

  #differs(older: number, olderTotal: number): boolean {
    const newer = this.#width - older;
    const { sideMin, delta } = this.#options;
    if (older < sideMin || newer < sideMin) return false;
    const difference = Math.abs(olderTotal / older - (this.#total - olderTotal) / newer);
    const surprise = Math.log((2 * Math.log(this.#width)) / delta);
    const reciprocal = 1 / (older - sideMin + 1) + 1 / (newer - sideMin + 1);
    const variance = this.#squares / this.#width;
    return difference > Math.sqrt(2 * reciprocal * variance * surprise) + (2 / 3) * surprise * reciprocal;
  }

  #dropOldest(): void {
    const row = this.#rows.at(-1)!;
    const size = 2 ** (this.#rows.length - 1);
    const { total, squares } = row.shift()!;
    this.#width -= size;
    this.#total -= total;
    const apart = total / size - this.#total / this.#width;
    this.#squares -= squares + (size * this.#width * apart ** 2) / (size + this.#width);
    if (row.length === 0) this.#rows.pop();
  }
}
