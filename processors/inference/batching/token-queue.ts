// Inputs of one token model that wait, by their length. Batches are taken like an elevator goes: from the longest down
// to the shortest, then again from the longest. Neighbours in length need little padding, and every turn visits all.
import type { Call } from '../call.ts';
import type { TokenRows } from '../model.ts';
import { BatchShape, type ShapeLimits } from './batch-shape.ts';
import { orderByLength } from './length-order.ts';

/** Inputs that came together. */
export interface TokenWork {
  readonly rows: TokenRows;
  readonly call: Call;
  /** Place of the first input in its call. */
  readonly from: number;
  /** Grows from one arrival to the next, over all queues. */
  readonly ticket: number;
  /** When the answers are wanted, by `performance.now()`. */
  readonly dueAt: number;
}

/** Inputs of one work: `order[from]` to `order[to - 1]` are numbers of its rows. */
export interface Segment {
  readonly work: TokenWork;
  readonly order: Int32Array;
  readonly from: number;
  readonly to: number;
}

/** A batch to be padded and run. */
export interface TokenBatch {
  readonly segments: readonly Segment[];
  readonly rows: number;
  readonly width: number;
  /** Without padding. */
  readonly tokens: number;
}

export interface TakeLimits extends ShapeLimits {
  readonly nowMs: number;
  /** Expected milliseconds of a run of so many tokens, padding counted. */
  expectedMs(tokens: number): number;
}

/** Inputs of one work and one length that wait. */
interface Span {
  readonly waiting: Waiting;
  readonly length: number;
  next: number;
  readonly to: number;
}

/** One work that waits. */
interface Waiting {
  readonly work: TokenWork;
  readonly order: Int32Array;
  /** The longest first. */
  readonly spans: readonly Span[];
  /** Spans before it are empty. */
  firstSpan: number;
  rows: number;
  /** Number of the batch before which it goes first, whatever its length. */
  readonly starvedAt: number;
}

/** A work waits for at most so many batches more than two turns over what was there when it came. */
const patienceBatches = 8;
/** A deadline is near when no more than so many of its own runs fit before it. */
const nearRuns = 2;

export class TokenQueue {
  /** By length; each in the order of arrival. Emptied spans are dropped when they are met. */
  readonly #spans: Span[][] = [];
  /** In the order of arrival. */
  readonly #waiting = new Set<Waiting>();
  #longest = 0;
  #texts = 0;
  #tokens = 0;
  #batches = 0;
  /** Where the elevator is: it takes inputs that are no longer. */
  #turn = Number.POSITIVE_INFINITY;

  /** Inputs that wait. */
  get texts(): number {
    return this.#texts;
  }

  /** Their tokens. */
  get tokens(): number {
    return this.#tokens;
  }

  /** Ticket of what waits longest; null when nothing waits. */
  get ticket(): number | null {
    for (const { work } of this.#waiting) return work.ticket;
    return null;
  }

  /** `tokensMax` is how large batches are at present. */
  add(work: TokenWork, tokensMax: number): void {
    const { order, spans } = orderByLength(work.rows);
    if (order.length === 0) return;
    const tokens = work.rows.ids.length;
    const turns = (2 * (this.#tokens + tokens)) / Math.max(1, tokensMax);
    const waiting: Waiting = {
      work,
      order,
      spans: [],
      firstSpan: 0,
      rows: order.length,
      starvedAt: this.#batches + patienceBatches + Math.ceil(turns),
    };
    const own = waiting.spans as Span[];
    for (const { length, from, to } of spans) {
      const span = { waiting, length, next: from, to };
      own.push(span);
      const spansOfLength = this.#spans[length] ?? [];
      this.#spans[length] = spansOfLength;
      spansOfLength.push(span);
      this.#longest = Math.max(this.#longest, length);
    }
    this.#waiting.add(waiting);
    this.#texts += order.length;
    this.#tokens += tokens;
  }

  /**
   * The next batch; null when nothing waits. It begins with an input whose deadline is near, or that waited too long,
   * or with the next one of the elevator, and is filled with what is nearest in length, within the limits and as long
   * as no input in it becomes late by that.
   */
  take(limits: TakeLimits): TokenBatch | null {
    if (this.#texts === 0) return null;
    this.#batches++;
    const filling = new Filling(limits);
    const urgent = this.#urgent(limits);
    const start = urgent?.length ?? this.#nextLength();
    if (urgent !== null) this.#takeFrom(urgent, filling);
    for (let length = start; length >= 0; length--) if (!this.#takeLength(length, filling)) break;
    const shortest = filling.shortest;
    for (let length = start + 1; length <= this.#longest; length++)
      if (!this.#takeLength(length, filling)) break;
    if (urgent === null) this.#turn = shortest;
    return filling.batch;
  }

  /** Everything that waits is taken away. */
  clear(): readonly TokenWork[] {
    const works = [...this.#waiting].map(({ work }) => work);
    this.#waiting.clear();
    this.#spans.length = 0;
    this.#texts = 0;
    this.#tokens = 0;
    return works;
  }

  /** Inputs that go first: of the work whose deadline is nearest where it is near, else of one that starves. */
  #urgent({ nowMs, expectedMs }: TakeLimits): Span | null {
    let due: Waiting | null = null;
    let starved: Waiting | null = null;
    for (const waiting of this.#waiting) {
      if (starved === null && waiting.starvedAt <= this.#batches) starved = waiting;
      if (waiting.work.dueAt === Number.POSITIVE_INFINITY) continue;
      if (due === null || waiting.work.dueAt < due.work.dueAt) due = waiting;
    }
    if (due !== null) {
      const span = nextSpan(due);
      if (due.work.dueAt - nowMs <= nearRuns * expectedMs(span.length)) return span;
    }
    return starved && nextSpan(starved);
  }

  /** The longest length not above the elevator at which something waits; from the top again below the last. */
  #nextLength(): number {
    for (let length = Math.min(this.#turn, this.#longest); length >= 0; length--)
      if (this.#firstOf(length) !== undefined) return length;
    while (this.#longest > 0 && this.#firstOf(this.#longest) === undefined) this.#longest--;
    return this.#longest;
  }

  #firstOf(length: number): Span | undefined {
    const spans = this.#spans[length];
    if (spans === undefined) return undefined;
    let empty = 0;
    while (empty < spans.length && spans[empty]!.next === spans[empty]!.to) empty++;
    if (empty > 0) spans.splice(0, empty);
    return spans[0];
  }

  /** Takes inputs of one length; false when the batch is full. */
  #takeLength(length: number, filling: Filling): boolean {
    for (;;) {
      const span = this.#firstOf(length);
      if (span === undefined) return true;
      if (!this.#takeFrom(span, filling)) return false;
    }
  }

  /** Takes the inputs of a span; false when the batch is full before they end. */
  #takeFrom(span: Span, filling: Filling): boolean {
    const { waiting, length } = span;
    const from = span.next;
    while (span.next < span.to && filling.accepts(length, waiting.work.dueAt)) {
      filling.add(length, waiting.work.dueAt);
      span.next++;
    }
    const taken = span.next - from;
    if (taken > 0) filling.segments.push({ work: waiting.work, order: waiting.order, from, to: span.next });
    waiting.rows -= taken;
    this.#texts -= taken;
    this.#tokens -= taken * length;
    if (waiting.rows === 0) this.#waiting.delete(waiting);
    return span.next === span.to;
  }
}

/** The longest inputs of a work that still wait. */
function nextSpan(waiting: Waiting): Span {
  while (waiting.spans[waiting.firstSpan]!.next === waiting.spans[waiting.firstSpan]!.to) waiting.firstSpan++;
  return waiting.spans[waiting.firstSpan]!;
}

/** A batch while it is filled. */
class Filling {
  readonly segments: Segment[] = [];
  shortest = Number.POSITIVE_INFINITY;
  readonly #shape: BatchShape;
  readonly #limits: TakeLimits;
  /** The earliest deadline in it that can still be met. */
  #dueAt = Number.POSITIVE_INFINITY;

  constructor(limits: TakeLimits) {
    this.#limits = limits;
    this.#shape = new BatchShape(limits);
  }

  accepts(length: number, dueAt: number): boolean {
    if (this.#shape.rows === 0) return true;
    if (!this.#shape.accepts(length)) return false;
    const earliest = Math.min(this.#dueAt, this.#reachable(length, dueAt));
    if (earliest === Number.POSITIVE_INFINITY) return true;
    return this.#limits.nowMs + this.#limits.expectedMs(this.#shape.paddedWith(length)) <= earliest;
  }

  add(length: number, dueAt: number): void {
    this.#shape.add(length);
    this.shortest = Math.min(this.shortest, length);
    this.#dueAt = Math.min(this.#dueAt, this.#reachable(length, dueAt));
  }

  get batch(): TokenBatch {
    const { rows, width, tokens } = this.#shape;
    return { segments: this.segments, rows, width, tokens };
  }

  /** A deadline that is missed anyway holds nothing up. */
  #reachable(length: number, dueAt: number): number {
    const { nowMs, expectedMs } = this.#limits;
    return nowMs + expectedMs(length) <= dueAt ? dueAt : Number.POSITIVE_INFINITY;
  }
}
