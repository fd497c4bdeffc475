// Whether a model is asked at all: not for a while after it failed or was late again and again.

/** Calls that are remembered, and how many of them may fail. */
const window = 5;
const failuresMax = 3;
/** So long nobody asks; then one call tries. */
const openMs = 10_000;

export class ModelBreaker {
  readonly #now: () => number;
  /** Outcomes of the last calls, newest last. */
  #failed: boolean[] = [];
  #openSince: number | null = null;
  #isTrying = false;

  /** `now` in milliseconds, steady. */
  constructor(now: () => number) {
    this.#now = now;
  }

  get isOpen(): boolean {
    return this.#openSince !== null;
  }

  /** Whether the model is to be asked now. Half-open, one call is let through, and decides. */
  admits(): boolean {
    if (this.#openSince === null) return true;
    if (this.#isTrying || this.#now() - this.#openSince < openMs) return false;
    this.#isTrying = true;
    return true;
  }

  succeeded(): void {
    // Late successes of calls that began before it opened say nothing about now.
    if (this.#openSince !== null && !this.#isTrying) return;
    if (this.#openSince !== null) this.#failed = [];
    this.#openSince = null;
    this.#isTrying = false;
    this.#note(false);
  }

  /** Returns true when this failure opens the breaker. */
  failed(): boolean {
    if (this.#openSince !== null) {
      if (this.#isTrying) this.#openSince = this.#now();
      this.#isTrying = false;
      return false;
    }
    this.#note(true);
    if (this.#failed.filter(Boolean).length < failuresMax) return false;
    this.#openSince = this.#now();
    return true;
  }

  /** The call that was let through ended without saying anything about the model. */
  withdrawn(): void {
    this.#isTrying = false;
  }

  #note(failed: boolean): void {
    this.#failed = [...this.#failed, failed].slice(-window);
  }
}
