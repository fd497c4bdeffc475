// What a run costs, learned from runs: `a` milliseconds for each unit (a padded token, a character) and `b` for the run
// itself. Old runs are forgotten, and a run that took far longer than expected (a busy machine) counts little.

/** One run: its size, and how long it took. */
export interface CostSample {
  readonly units: number;
  readonly ms: number;
}

/** Weight of all earlier runs after each further one: about fifty of them matter. */
const forgetting = 0.98;
/** Sizes that differ less (variance beside squared mean) say nothing about what a run itself costs. */
const spreadMin = 0.01;

export class LearnedCost {
  #weight = 0;
  #units = 0;
  #ms = 0;
  #unitsSquared = 0;
  #unitsByMs = 0;
  #perUnit = 0;
  #perRun = 0;
  /** Mean distance between what was expected and what came, as a share of what was expected. */
  #error = 0;

  constructor(samples: readonly CostSample[] = []) {
    for (const sample of samples) this.#add(sample, 1);
    this.#fit();
  }

  get isKnown(): boolean {
    return this.#perUnit > 0;
  }

  /** Expected milliseconds of a run; 0 while nothing is known. */
  expectedMs(units: number): number {
    return this.#perRun + this.#perUnit * units;
  }

  /** Units that a run of so many milliseconds holds; without limit while nothing is known. */
  unitsWithin(ms: number): number {
    return this.isKnown ? Math.max(0, (ms - this.#perRun) / this.#perUnit) : Number.POSITIVE_INFINITY;
  }

  /** Units that cost as much as one further run: so much padding is worth a run that is saved. */
  get unitsPerRun(): number {
    return this.isKnown ? this.#perRun / this.#perUnit : 0;
  }

  /** How far runs were off of late, as a share of what was expected: 0.1 is ten per cent. */
  get error(): number {
    return this.#error;
  }

  observe(sample: CostSample): void {
    const expected = this.expectedMs(sample.units);
    if (!this.isKnown || expected <= 0) this.#add(sample, 1);
    else {
      const distance = Math.abs(sample.ms - expected) / expected;
      // Within the usual distance a run counts wholly, beyond it in inverse proportion (Huber).
      this.#add(sample, Math.min(1, Math.max(0.1, 2 * this.#error) / Math.max(distance, 1e-9)));
      this.#error += 0.1 * (Math.min(distance, 10) - this.#error);
    }
    this.#fit();
  }

  #add({ units, ms }: CostSample, weight: number): void {
    this.#weight = forgetting * this.#weight + weight;
    this.#units = forgetting * this.#units + weight * units;
    this.#ms = forgetting * this.#ms + weight * ms;
    this.#unitsSquared = forgetting * this.#unitsSquared + weight * units * units;
    this.#unitsByMs = forgetting * this.#unitsByMs + weight * units * ms;
  }

  #fit(): void {
    if (this.#weight === 0 || this.#units === 0) return;
    const meanUnits = this.#units / this.#weight;
    const meanMs = this.#ms / this.#weight;
    const variance = this.#unitsSquared / this.#weight - meanUnits * meanUnits;
    if (variance > spreadMin * meanUnits * meanUnits) {
      const slope = (this.#unitsByMs / this.#weight - meanUnits * meanMs) / variance;
      this.#perRun = Math.min(0.9 * meanMs, Math.max(0, meanMs - slope * meanUnits));
    } else this.#perRun = Math.min(0.9 * meanMs, this.#perRun);
    this.#perUnit = (meanMs - this.#perRun) / meanUnits;
  }
}
