// What the engine did of late: how busy its threads were, what it padded, how well it knew beforehand what a run costs.

/** One run, as it was. */
export interface RunRecord {
  /** The task, or the tasks, it was asked about. */
  readonly key: string;
  readonly where: 'thread' | 'inline';
  readonly priority: Priority;
  readonly texts: number;
  /** Tokens without and with padding; null for models that read texts. */
  readonly tokens: number | null;
  readonly padded: number | null;
  readonly ms: number;
  /** What it was expected to take; 0 where nothing was known. */
  readonly expectedMs: number;
}

/** Requests of people who wait, and streams. */
export type Priority = 'request' | 'stream';

const slotMs = 1_000;
const slots = 10;

interface Slot {
  number: number;
  busyMs: number;
  tokens: number;
  padded: number;
  errorMs: number;
  expectedMs: number;
}

const emptySlot = (number: number): Slot => ({
  number,
  busyMs: 0,
  tokens: 0,
  padded: 0,
  errorMs: 0,
  expectedMs: 0,
});

/** Sums over the last ten seconds. */
export class RunLedger {
  readonly #slots: Slot[] = Array.from({ length: slots }, (_, at) => emptySlot(at - slots));
  readonly #now: () => number;
  readonly #sinceMs: number;

  constructor(now: () => number) {
    this.#now = now;
    this.#sinceMs = now();
  }

  add({ where, tokens, padded, ms, expectedMs }: Omit<RunRecord, 'key' | 'priority' | 'texts'>): void {
    const number = Math.floor(this.#now() / slotMs);
    let slot = this.#slots[number % slots]!;
    if (slot.number !== number) {
      slot = emptySlot(number);
      this.#slots[number % slots] = slot;
    }
    if (where === 'thread') slot.busyMs += ms;
    slot.tokens += tokens ?? 0;
    slot.padded += padded ?? 0;
    if (expectedMs === 0) return;
    slot.errorMs += Math.abs(ms - expectedMs);
    slot.expectedMs += expectedMs;
  }

  /** Share of the time of so many threads that was spent in runs, 0 to 1. */
  busyShare(threads: number): number {
    const now = this.#now();
    const covered = Math.min(now - this.#sinceMs, now - (Math.floor(now / slotMs) - slots + 1) * slotMs);
    return covered <= 0 || threads === 0
      ? 0
      : Math.min(1, this.#sum(({ busyMs }) => busyMs) / (covered * threads));
  }

  /** Share of tokens that were padding. */
  get paddingShare(): number {
    const padded = this.#sum((slot) => slot.padded);
    return padded === 0 ? 0 : 1 - this.#sum(({ tokens }) => tokens) / padded;
  }

  /** How far runs were off, as a share of what was expected. */
  get costError(): number {
    const expected = this.#sum(({ expectedMs }) => expectedMs);
    return expected === 0 ? 0 : this.#sum(({ errorMs }) => errorMs) / expected;
  }

  #sum(of: (slot: Slot) => number): number {
    const oldest = Math.floor(this.#now() / slotMs) - slots + 1;
    return this.#slots.reduce((sum, slot) => sum + (slot.number >= oldest ? of(slot) : 0), 0);
  }
}
