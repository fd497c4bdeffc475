// The engine’s queue: pieces of calls that wait for a thread, bounded, first come first served, and joined into
// batches: what arrived for the same tasks while the threads were busy runs together.

import { Overloaded } from '../../schemas/errors.ts';
import type { Call } from './call.ts';
import type { Input } from './model.ts';

/** Consecutive texts of one call, small enough for one run. */
export interface Piece {
  readonly tasks: readonly string[];
  readonly texts: readonly Input[];
  /** Place of the first text in its call. */
  readonly from: number;
  readonly call: Call;
  readonly characters: number;
  /** How often a thread has died over it. */
  readonly deaths: number;
}

export interface QueueLimits {
  readonly textsPerRunMax: number;
  readonly charactersPerRunMax: number;
  readonly queueTextsMax: number;
  readonly queueCharactersMax: number;
}

interface Line {
  /** Pieces before `head` have left. */
  readonly pieces: { readonly piece: Piece; readonly ticket: number }[];
  head: number;
}

export class WorkQueue {
  readonly #limits: QueueLimits;
  readonly #lines = new Map<string, Line>();
  #ticket = 0;
  #returned = 0;
  #texts = 0;
  #characters = 0;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  /** Texts waiting now. */
  get texts(): number {
    return this.#texts;
  }

  /** Adds the pieces of one call, all or none. Throws `Overloaded` when they do not fit beside what waits already. */
  add(pieces: readonly Piece[]): void {
    let texts = this.#texts;
    let characters = this.#characters;
    for (const piece of pieces) {
      texts += piece.texts.length;
      characters += piece.characters;
    }
    const { queueTextsMax, queueCharactersMax } = this.#limits;
    // A call larger than the whole queue must get through some time: it does when nothing else waits.
    if (this.#texts > 0 && (texts > queueTextsMax || characters > queueCharactersMax)) {
      throw new Overloaded(
        `the inference queue is full: ${this.#texts} texts wait (limit ${queueTextsMax} texts, ${queueCharactersMax} characters)`,
        { code: 'inference-queue-full', context: { texts: this.#texts, characters: this.#characters } },
      );
    }
    for (const piece of pieces) this.#lineOf(piece).pieces.push({ piece, ticket: this.#ticket++ });
    this.#texts = texts;
    this.#characters = characters;
  }

  /** Puts a piece whose thread died back, before all others. */
  putBack(piece: Piece): void {
    const line = this.#lineOf(piece);
    line.pieces.splice(line.head, 0, { piece, ticket: --this.#returned });
    this.#texts += piece.texts.length;
    this.#characters += piece.characters;
  }

  /**
   * Takes the piece that waits longest and what else waits for the same tasks and fits into a run with it. A piece
   * over which a thread has died runs alone, so that nothing else is blamed for what it does.
   */
  take(): readonly Piece[] {
    const line = this.#longestWaiting();
    if (line === null) return [];
    const taken: Piece[] = [];
    let texts = 0;
    let characters = 0;
    for (; line.head < line.pieces.length; line.head++) {
      const { piece } = line.pieces[line.head]!;
      if (taken.length > 0 && (piece.deaths > 0 || taken[0]!.deaths > 0)) break;
      texts += piece.texts.length;
      characters += piece.characters;
      const { textsPerRunMax, charactersPerRunMax } = this.#limits;
      if (taken.length > 0 && (texts > textsPerRunMax || characters > charactersPerRunMax)) break;
      taken.push(piece);
      this.#texts -= piece.texts.length;
      this.#characters -= piece.characters;
    }
    if (line.head === line.pieces.length) this.#lines.delete(keyOf(taken[0]!));
    else if (line.head > 1_024) line.head -= line.pieces.splice(0, line.head).length;
    return taken;
  }

  #lineOf(piece: Piece): Line {
    const key = keyOf(piece);
    const line = this.#lines.get(key) ?? { pieces: [], head: 0 };
    this.#lines.set(key, line);
    return line;
  }

  #longestWaiting(): Line | null {
    let first: Line | null = null;
    for (const line of this.#lines.values()) {
      if (first === null || line.pieces[line.head]!.ticket < first.pieces[first.head]!.ticket) first = line;
    }
    return first;
  }
}

const keyOf = (piece: Piece): string => piece.tasks.join(' ');
