// ClickHouse's clock as seen from here. Deadlines are compared with that clock, so they are made from it: measured now
// and then, and carried on in between by a clock of this process that never jumps. This machine's own wall clock has
// no part in it.
import type { Clickhouse } from '../clickhouse.ts';

/** Tells ClickHouse's time to who sets a deadline. */
export interface DeadlineClock {
  /** Milliseconds since 1970. */
  now(): Promise<number>;
  /** What is known of the clock is wrong: it is measured before it is told again. */
  doubt(): void;
}

export interface ServerClockOptions {
  readonly clickhouse: Clickhouse;
  /** This machine's wall clock, milliseconds since 1970: only to tell how far the two are apart. */
  readonly now: () => number;
  /** Milliseconds of a clock that never jumps. */
  readonly monotonicMs: () => number;
  /** Told with every measurement how far ClickHouse's clock is ahead of this machine's, in milliseconds. */
  readonly onMeasured: (differenceMs: number) => void;
}

/** A clock that was put right on the server is noticed after this long, or at the first insert it refuses. */
const measuredForMs = 60_000;
/** The answer that came back fastest says most. */
const questions = 3;

export class ServerClock implements DeadlineClock {
  readonly #options: ServerClockOptions;
  #known: { readonly server: number; readonly at: number } | null = null;
  #measuring: Promise<void> | null = null;

  constructor(options: ServerClockOptions) {
    this.#options = options;
  }

  async now(): Promise<number> {
    const { monotonicMs } = this.#options;
    if (!this.#known || monotonicMs() - this.#known.at > measuredForMs) {
      this.#measuring ??= this.#measure().finally(() => {
        this.#measuring = null;
      });
      await this.#measuring;
    }
    const { server, at } = this.#known!;
    return Math.floor(server + monotonicMs() - at);
  }

  doubt(): void {
    this.#known = null;
  }

  async #measure(): Promise<void> {
    const { clickhouse, monotonicMs, now, onMeasured } = this.#options;
    let best = Number.POSITIVE_INFINITY;
    for (let asked = 0; asked < questions; asked += 1) {
      const before = monotonicMs();
      const server = await serverTime(clickhouse);
      const at = monotonicMs();
      if (at - before >= best) continue;
      best = at - before;
      // Taken as read when it was asked: a clock taken too early makes deadlines earlier, never later.
      this.#known = { server, at };
    }
    const { server, at } = this.#known!;
    onMeasured(server + best / 2 + (monotonicMs() - at) - now());
  }
}

/** What ClickHouse's clock says, in milliseconds since 1970. */
export async function serverTime(clickhouse: Clickhouse): Promise<number> {
  const [row] = await clickhouse.query<{ ms: number }>('SELECT toUnixTimestamp64Milli(now64(3)) AS ms');
  return row!.ms;
}
