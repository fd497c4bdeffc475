// How much may wait: texts and characters, each priority for itself, so that a stream never shuts requests out.
import { Overloaded } from '../../../schemas/errors.ts';

export interface RoomLimits {
  readonly queueTextsMax: number;
  readonly queueCharactersMax: number;
}

export class Room {
  readonly #limits: RoomLimits;
  #texts = 0;
  #characters = 0;

  constructor(limits: RoomLimits) {
    this.#limits = limits;
  }

  /** Texts that wait. */
  get texts(): number {
    return this.#texts;
  }

  /** Lets texts in, all or none. Throws `Overloaded` when they do not fit beside what waits already. */
  admit(texts: number, characters: number): void {
    const { queueTextsMax, queueCharactersMax } = this.#limits;
    // A call larger than the whole room must get through some time: it does when nothing else waits.
    const isFull = this.#texts + texts > queueTextsMax || this.#characters + characters > queueCharactersMax;
    if (this.#texts > 0 && isFull) {
      throw new Overloaded(
        `the inference queue is full: ${this.#texts} texts wait (limit ${queueTextsMax} texts, ${queueCharactersMax} characters)`,
        { code: 'inference-queue-full', context: { texts: this.#texts, characters: this.#characters } },
      );
    }
    this.#texts += texts;
    this.#characters += characters;
  }

  /** Texts that left, with their share of the characters. */
  leave(texts: number): void {
    this.#characters -= this.#texts === 0 ? 0 : (this.#characters * texts) / this.#texts;
    this.#texts -= texts;
  }
}
