// How long a member of a group may be silent while it has work in hand.

export class Session {
  readonly #timeoutMs: number;
  readonly #isBusy: () => boolean;
  readonly #onSilence: () => void;
  #lastSign = performance.now();
  #timer: NodeJS.Timeout | null = null;

  /** `onSilence` is called when `isBusy` and no sign has come for `timeoutMs`. */
  constructor(timeoutMs: number, isBusy: () => boolean, onSilence: () => void) {
    this.#timeoutMs = timeoutMs;
    this.#isBusy = isBusy;
    this.#onSilence = onSilence;
  }

  /** A sign of life: a batch begun or ended, a commit, a heartbeat. */
  sign(): void {
    this.#lastSign = performance.now();
    if (!this.#timer && this.#isBusy()) this.#watch(this.#timeoutMs);
  }

  #watch(delayMs: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = null;
      if (!this.#isBusy()) return;
      const leftMs = this.#leftMs();
      if (leftMs > 0) this.#watch(leftMs);
      else this.#onSilence();
    }, delayMs);
    this.#timer.unref();
  }

  #leftMs(): number {
    return Math.max(0, this.#lastSign + this.#timeoutMs - performance.now());
  }

  /** Waits for `work`, but no longer than the session lasts after the last sign. */
  async within(work: Promise<unknown>): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const outOfTime = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, this.#leftMs());
    });
    await Promise.race([work, outOfTime]);
    clearTimeout(timer);
  }

  close(): void {
    clearTimeout(this.#timer ?? undefined);
  }
}
