// Texts that wait for a thread, first come first served, and joined into batches: what arrived for the same tasks while
// the threads were busy runs together.
import type { Call } from './call.ts';
import { type Input, lengthOf } from './model.ts';

/** Consecutive texts of one call. */
export interface Piece {
  readonly tasks: readonly string[];
  readonly texts: readonly Input[];
  /** Place of the first text in its call. */
  readonly from: number;
  readonly call: Call;
  /** Grows from one arrival to the next, over all queues. */
  readonly ticket: number;
  /** When the answers are wanted, by `performance.now()`. */
  readonly dueAt: number;
}

/** How large a batch may become; one text always fits. */
export interface RunLimits {
  readonly texts: number;
  readonly characters: number;
}

interface Line {
  readonly key: string;
  /** Pieces before `head` have left. */
  readonly pieces: Piece[];
  head: number;
}

/** Tasks that are asked together: what is learned about their runs goes by this. */
export const keyOf = (tasks: readonly string[]): string => tasks.join(' ');

export class WorkQueue {
  readonly #lines = new Map<string, Line>();
  #texts = 0;

  /** Texts waiting now. */
  get texts(): number {
    return this.#texts;
  }

  /** Ticket of what waits longest; null when nothing waits. */
  get ticket(): number | null {
    return this.#longestWaiting()?.ticket ?? null;
  }

  add(piece: Piece): void {
    if (piece.texts.length === 0) return;
    const key = keyOf(piece.tasks);
    const line = this.#lines.get(key) ?? { key, pieces: [], head: 0 };
    this.#lines.set(key, line);
    line.pieces.push(piece);
    this.#texts += piece.texts.length;
  }

  /**
   * Takes the texts that wait longest and what else waits for the same tasks and fits into a run with them. A piece
   * that does not fit is cut. `limitsOf` is asked with the piece at the head.
   */
  take(limitsOf: (head: Piece) => RunLimits): readonly Piece[] {
    const first = this.#longestWaiting();
    if (first === null) return [];
    const line = this.#lines.get(keyOf(first.tasks))!;
    const limits = limitsOf(first);
    const taken: Piece[] = [];
    let texts = 0;
    let characters = 0;
    while (line.head < line.pieces.length) {
      const piece = line.pieces[line.head]!;
      let fitting = 0;
      for (const text of piece.texts) {
        const length = lengthOf(text);
        if (texts > 0 && (texts === limits.texts || characters + length > limits.characters)) break;
        texts++;
        characters += length;
        fitting++;
      }
      if (fitting > 0) taken.push(partOf(piece, 0, fitting));
      if (fitting < piece.texts.length) {
        line.pieces[line.head] = partOf(piece, fitting, piece.texts.length);
        break;
      }
      line.head++;
    }
    this.#texts -= texts;
    this.#tidy(line);
    return taken;
  }

  /** Everything that waits is taken away. */
  clear(): readonly Piece[] {
    const all = [...this.#lines.values()].flatMap(({ pieces, head }) => pieces.slice(head));
    this.#lines.clear();
    this.#texts = 0;
    return all;
  }

  #tidy(line: Line): void {
    if (line.head === line.pieces.length) this.#lines.delete(line.key);
    else if (line.head > 1_024) line.head -= line.pieces.splice(0, line.head).length;
  }

  #longestWaiting(): Piece | null {
    let first: Piece | null = null;
    for (const { pieces, head } of this.#lines.values()) {
      if (first === null || pieces[head]!.ticket < first.ticket) first = pieces[head]!;
    }
    return first;
  }
}

/** Some texts of a piece. */
export function partOf(piece: Piece, from: number, to: number): Piece {
  if (from === 0 && to === piece.texts.length) return piece;
  return { ...piece, texts: piece.texts.slice(from, to), from: piece.from + from };
}
