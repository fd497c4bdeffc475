// Stops a stream whose messages are mostly invalid: a bad deploy must not drain a topic into the dead letters.
//
// The window slides: it holds the last messages, and is judged with every one before its chunk is delivered. So of
// the messages that open the breaker at most the window's share became dead letters, and nothing of the last chunk.
// After a start the window is small and grows with what was seen. So when the process is started again over the same
// bad messages, the chunk at which it stopped, now followed by all that has come since, is judged by itself and stops
// it again with nothing committed: restarts do not drain the topic window by window.
import type { Outcome } from '../../schemas/outcome.ts';

/** Invalid messages that the smallest window allows: a few in a row are not yet a bad deploy. */
const smallestWindowInvalid = 50;

/** Where the chunk begins at which a breaker opened. */
export interface BreakingPlace {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

export class TooManyInvalid extends Error {
  override readonly name = 'TooManyInvalid';
  readonly code = 'too-many-invalid';
  readonly place: BreakingPlace | undefined;

  constructor(message: string, place?: BreakingPlace) {
    super(message);
    this.place = place;
  }
}

export class Breaker {
  readonly #shareMax: number;
  readonly #smallestRecords: number;
  /** 1 for each invalid one of the last messages, in a ring. */
  readonly #window: Uint8Array;
  #seen = 0;
  #invalid = 0;
  #tripped: TooManyInvalid | null = null;

  constructor(options: { readonly shareMax: number; readonly windowRecords: number }) {
    this.#shareMax = options.shareMax;
    this.#window = new Uint8Array(options.windowRecords);
    this.#smallestRecords = Math.min(
      options.windowRecords,
      Math.ceil(smallestWindowInvalid / options.shareMax),
    );
  }

  /** Throws `TooManyInvalid` when the window holds more invalid messages than its share, and ever after. */
  observe(stream: string, outcomes: readonly Outcome<unknown>[], place?: BreakingPlace): void {
    this.check();
    for (const outcome of outcomes) {
      const isInvalid = outcome.kind === 'invalid' ? 1 : 0;
      const slot = this.#seen % this.#window.length;
      this.#invalid += isInvalid - this.#window[slot]!;
      this.#window[slot] = isInvalid;
      this.#seen += 1;
      if (outcome.kind !== 'invalid') continue;
      const records = Math.max(this.#records, this.#smallestRecords);
      if (this.#invalid > this.#shareMax * records)
        throw this.#trip(stream, `${outcome.code}: ${outcome.reason}`, place);
    }
  }

  get #records(): number {
    return Math.min(this.#seen, this.#window.length);
  }

  /** Throws what the breaker opened with; a chunk that waited to be delivered meanwhile stays where it is. */
  check(): void {
    if (this.#tripped) throw this.#tripped;
  }

  #trip(stream: string, reason: string, place: BreakingPlace | undefined): TooManyInvalid {
    this.#tripped = new TooManyInvalid(
      `stream ${stream} stopped: ${this.#invalid} of its last ${this.#records} messages are invalid (the last: ${reason}). ` +
        'Nothing of the last chunk was committed. Check the producer and the schema, or raise loop.invalidShareMax.',
      place,
    );
    return this.#tripped;
  }
}
