// Bytes in flight, bounded. Every partition may always have one chunk in hand; more than one only while there is
// room. So a partition that retries for hours, with all it has in hand, holds up no other partition and no other
// stream, and nobody who holds bytes ever waits for bytes: there is no deadlock. What is held at most is `bytesMax`
// and one chunk of each partition, whose records a fetch has brought into memory in any case.

interface Waiting {
  readonly bytes: number;
  readonly holder: string;
  readonly go: () => void;
}

export class Budget {
  readonly #bytesMax: number;
  #bytes = 0;
  /** How many shares each holder has; who has none is not in it. */
  readonly #shares = new Map<string, number>();
  readonly #waiting: Waiting[] = [];

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Resolves with a function that gives the bytes back; calling it again does nothing. A holder (a partition of a
   * stream) that has nothing is served at once, one that has something when there is room, first come first served.
   */
  async take(bytes: number, holder: string): Promise<() => void> {
    if (this.#shares.has(holder) && (this.#waiting.length > 0 || !this.#fits(bytes)))
      await new Promise<void>((go) =>
        this.#waiting.push({ bytes, holder, go: this.#grant(bytes, holder, go) }),
      );
    else this.#grant(bytes, holder)();
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#giveBack(bytes, holder);
    };
  }

  #grant(bytes: number, holder: string, then?: () => void): () => void {
    return () => {
      this.#bytes += bytes;
      this.#shares.set(holder, (this.#shares.get(holder) ?? 0) + 1);
      then?.();
    };
  }

  #giveBack(bytes: number, holder: string): void {
    this.#bytes -= bytes;
    const left = this.#shares.get(holder)! - 1;
    if (left > 0) this.#shares.set(holder, left);
    else this.#shares.delete(holder);
    this.#serve();
  }

  #fits(bytes: number): boolean {
    return this.#bytes + bytes <= this.#bytesMax;
  }

  /** Who waits and has nothing any more must not wait for others; beyond them, in order, whoever fits. */
  #serve(): void {
    for (;;) {
      const bare = this.#waiting.findIndex(({ holder }) => !this.#shares.has(holder));
      const next = bare >= 0 ? bare : 0;
      const waiting = this.#waiting[next];
      if (!waiting || (bare < 0 && !this.#fits(waiting.bytes))) return;
      this.#waiting.splice(next, 1);
      waiting.go();
    }
  }
}
