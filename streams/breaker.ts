// Stops a stream whose messages are mostly invalid: a bad deploy must not drain a topic into the dead letters.
import type { Outcome } from '../schemas/outcome.ts';

export class TooManyInvalid extends Error {
  override readonly name = 'TooManyInvalid';
  readonly code = 'too-many-invalid';
}

export class Breaker {
  readonly #shareMax: number;
  readonly #windowRecords: number;
  #seen = 0;
  #invalid = 0;
  #lastReason = '';

  constructor(options: { readonly shareMax: number; readonly windowRecords: number }) {
    this.#shareMax = options.shareMax;
    this.#windowRecords = options.windowRecords;
  }

  /** Throws `TooManyInvalid` when a full window holds more invalid messages than its share. */
  observe(stream: string, outcomes: readonly Outcome<unknown>[]): void {
    for (const outcome of outcomes) {
      this.#seen += 1;
      if (outcome.kind !== 'invalid') continue;
      this.#invalid += 1;
      this.#lastReason = `${outcome.code}: ${outcome.reason}`;
    }
    if (this.#seen < this.#windowRecords) return;
    const share = this.#invalid / this.#seen;
    if (share > this.#shareMax)
      throw new TooManyInvalid(
        `stream ${stream} stopped: ${this.#invalid} of its last ${this.#seen} messages are invalid (the last: ${this.#lastReason}). ` +
          'Nothing of that window was committed. Check the producer and the schema, or raise loop.invalidShareMax.',
      );
    this.#seen = 0;
    this.#invalid = 0;
  }
}
