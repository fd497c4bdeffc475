// What a runner is given: one batch, which places its answers by itself and can be cut in halves to find the text that
// ends its thread.
import type { Input, TokenFront } from '../model.ts';
import { type Piece, partOf } from '../work-queue.ts';
import type { BatchExtent, BatchMemory, MemorySize } from './batch-memory.ts';
import { writeRow } from './padding.ts';
import type { Segment, TokenBatch } from './token-queue.ts';

/** What runs batches: a thread, or the calling thread itself. One job at a time. */
export interface Runner {
  /** Probabilities of texts for each task, row-major, and what the run took. */
  runTexts(tasks: readonly string[], texts: readonly Input[], withinMs: number): Promise<TextRun>;
  /** Memory of at least this size; whoever asks may write to it until the run. */
  memory(size: MemorySize): BatchMemory;
  /** Runs what lies in `memory`, and answers there. Resolves to the memory, with new views, and what the run took. */
  runPadded(
    task: string,
    memory: BatchMemory,
    extent: BatchExtent,
    withinMs: number,
  ): Promise<{ readonly memory: BatchMemory; readonly ms: number }>;
}

export interface TextRun {
  readonly probabilities: readonly Float32Array[];
  readonly ms: number;
}

/** What a run was, for what is learned from it. */
export interface JobSize {
  /** Tasks or the task it was asked about, as costs are learned by. */
  readonly key: string;
  readonly texts: number;
  /** Characters, or tokens with padding. */
  readonly units: number;
  /** Tokens without padding; null for texts. */
  readonly tokens: number | null;
}

export interface Job {
  readonly size: JobSize;
  /** Answers that the run makes: texts × tasks. */
  readonly answers: number;
  /** Runs and places the answers. Resolves to milliseconds. */
  run(runner: Runner, withinMs: number): Promise<number>;
  /** Both halves; null for a single text. */
  halves(): readonly [Job, Job] | null;
  reject(error: Error): void;
  /** Its only text ends threads. */
  crashed(cause: unknown): void;
}

/** Texts for models that read texts. */
export class TextJob implements Job {
  readonly size: JobSize;
  readonly answers: number;
  readonly #pieces: readonly Piece[];

  constructor(pieces: readonly Piece[], key: string, characters: number) {
    const texts = pieces.reduce((sum, piece) => sum + piece.texts.length, 0);
    this.#pieces = pieces;
    this.size = { key, texts, units: characters, tokens: null };
    this.answers = texts * pieces[0]!.tasks.length;
  }

  async run(runner: Runner, withinMs: number): Promise<number> {
    const pieces = this.#pieces;
    const texts = pieces.length === 1 ? pieces[0]!.texts : pieces.flatMap((piece) => piece.texts);
    const { probabilities, ms } = await runner.runTexts(pieces[0]!.tasks, texts, withinMs);
    let at = 0;
    for (const { call, from, texts: part } of pieces) {
      const to = at + part.length;
      const shareOf = (all: Float32Array) =>
        all.subarray((all.length / texts.length) * at, (all.length / texts.length) * to);
      call.place(from, part.length, probabilities.map(shareOf));
      at = to;
    }
    return ms;
  }

  halves(): readonly [Job, Job] | null {
    if (this.size.texts === 1) return null;
    const middle = this.size.texts >> 1;
    const first: Piece[] = [];
    const second: Piece[] = [];
    let at = 0;
    for (const piece of this.#pieces) {
      const count = piece.texts.length;
      const cut = Math.min(count, Math.max(0, middle - at));
      if (cut > 0) first.push(partOf(piece, 0, cut));
      if (cut < count) second.push(partOf(piece, cut, count));
      at += count;
    }
    const { key, units } = this.size;
    return [new TextJob(first, key, units / 2), new TextJob(second, key, units / 2)];
  }

  reject(error: Error): void {
    for (const { call } of this.#pieces) call.reject(error);
  }

  crashed(cause: unknown): void {
    const { call, from } = this.#pieces[0]!;
    call.crashed(from, cause);
  }
}

/** The model a token batch is for. */
export interface TokenTarget extends Pick<TokenFront, 'padId'> {
  readonly task: string;
  readonly labels: number;
}

/** A padded batch for a model that reads tokens. */
export class TokenJob implements Job {
  readonly size: JobSize;
  readonly answers: number;
  readonly #target: TokenTarget;
  readonly #batch: TokenBatch;

  constructor(target: TokenTarget, batch: TokenBatch) {
    this.#target = target;
    this.#batch = batch;
    this.size = {
      key: target.task,
      texts: batch.rows,
      units: batch.rows * batch.width,
      tokens: batch.tokens,
    };
    this.answers = batch.rows;
  }

  async run(runner: Runner, withinMs: number): Promise<number> {
    const { rows, width, segments } = this.#batch;
    const { task, labels, padId } = this.#target;
    const memory = runner.memory({ tokens: rows * width, rows, values: rows * labels });
    const typed = segments.some(({ work }) => work.rows.types !== undefined);
    let at = 0;
    for (const { work, order, from, to } of segments)
      for (let place = from; place < to; place++)
        writeRow(work.rows, order[place]!, { memory, at: at++, width, padId, typed });
    const ran = await runner.runPadded(task, memory, { rows, width, typed }, withinMs);
    at = 0;
    for (const { work, order, from, to } of segments) {
      work.call.placeRows(work.from, order.subarray(from, to), ran.memory.values, at);
      at += to - from;
    }
    return ran.ms;
  }

  halves(): readonly [Job, Job] | null {
    const { rows, segments } = this.#batch;
    if (rows === 1) return null;
    const middle = rows >> 1;
    const first: Segment[] = [];
    const second: Segment[] = [];
    let at = 0;
    for (const segment of segments) {
      const count = segment.to - segment.from;
      const cut = segment.from + Math.min(count, Math.max(0, middle - at));
      if (cut > segment.from) first.push({ ...segment, to: cut });
      if (cut < segment.to) second.push({ ...segment, from: cut });
      at += count;
    }
    return [this.#part(first, middle), this.#part(second, rows - middle)];
  }

  reject(error: Error): void {
    for (const { work } of this.#batch.segments) work.call.reject(error);
  }

  crashed(cause: unknown): void {
    const { work, order, from } = this.#batch.segments[0]!;
    work.call.crashed(work.from + order[from]!, cause);
  }

  #part(segments: readonly Segment[], rows: number): TokenJob {
    const { width, tokens } = this.#batch;
    return new TokenJob(this.#target, { segments, rows, width, tokens: tokens / 2 });
  }
}
