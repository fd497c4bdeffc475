// Bytes in flight, bounded: whoever wants more waits its turn, first come first served.

export class Budget {
  readonly #bytesMax: number;
  #bytes = 0;
  readonly #waiting: { readonly bytes: number; readonly go: () => void }[] = [];

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Resolves with a function that gives the bytes back. More than the whole budget is let through alone. */
  async take(bytes: number): Promise<() => void> {
    if (this.#waiting.length > 0 || !this.#fits(bytes))
      await new Promise<void>((go) => this.#waiting.push({ bytes, go }));
    this.#bytes += bytes;
    return () => {
      this.#bytes -= bytes;
      this.#wake();
    };
  }

  #fits(bytes: number): boolean {
    return this.#bytes === 0 || this.#bytes + bytes <= this.#bytesMax;
  }

  #wake(): void {
    const next = this.#waiting[0];
    if (!next || !this.#fits(next.bytes)) return;
    this.#waiting.shift();
    next.go();
    // The one let through takes its bytes in a microtask; only then is it known whether another fits.
    queueMicrotask(() => this.#wake());
  }
}
