// How long ClickHouse remembers a token, counted and not timed: a table keeps the tokens of its last N blocks, and
// numbers its blocks. A range whose journal says where the numbers stood is surely remembered while few blocks came
// since, whatever any clock says. Block numbers never run ahead of what is sampled, so a distance is never too small.
import type { Clickhouse } from '../clickhouse.ts';
import { nameOf, readWritten, tablesOf, type Written } from './written-tables.ts';

/** Where the block numbers of a table and of its views' targets stood, by `database.name`. */
export type Marks = Readonly<Record<string, number>>;

export interface TokenMemoryOptions {
  readonly clickhouse: Clickhouse;
  /** Tables that are inserted into. */
  readonly tables: readonly string[];
  /** Milliseconds of a clock that never jumps. */
  readonly monotonicMs: () => number;
  /** Told with every sample how long each table remembers a token at the pace of the last minutes, in seconds. */
  readonly onMeasured: (table: string, seconds: number) => void;
}

interface Sample {
  readonly at: number;
  readonly blocks: Marks;
}

/** Older marks are made anew, beside the insert that asks: a lower number only makes the distance larger. */
const sampleMs = 5_000;
/** An insert waits for marks that are older than this, since they say too little. */
const sampleMsMax = 30_000;
/** The pace is that of the last ten minutes. */
const historyMs = 600_000;
/** A pace is told of once it was seen for so long: catching up for some seconds is not one. */
const paceMsMin = 60_000;
/** Half of the window is left to what comes between the question and the insert, and to what other processes insert. */
const shareUsed = 0.5;

export class TokenMemory {
  readonly #options: TokenMemoryOptions;
  #written: readonly Written[] = [];
  #history: Sample[] = [];
  #sampling: Promise<Sample> | null = null;

  constructor(options: TokenMemoryOptions) {
    this.#options = options;
  }

  /** Marks for the journal of a range that is about to be inserted into `table`. */
  async marks(table: string): Promise<Marks> {
    const last = this.#history.at(-1);
    const age = last ? this.#options.monotonicMs() - last.at : Number.POSITIVE_INFINITY;
    const sampling = age > sampleMs ? this.#sample() : null;
    // A failure is that of the insert which waits for it; until then older marks do.
    sampling?.catch(() => {});
    const { blocks } = last && age <= sampleMsMax ? last : await sampling!;
    const names = this.#namesOf(table);
    return Object.fromEntries(names.map((name) => [name, blocks[name] ?? 0]));
  }

  /** Whether the table and every target surely remember a token that was new when the marks were made. */
  async remembers(table: string, marks: Marks): Promise<boolean> {
    // Settings and views may have changed since the marks were made.
    this.#written = await readWritten(this.#options.clickhouse, this.#options.tables);
    const { blocks } = await this.#sample();
    const known = this.#written.find((written) => written.table.name === table);
    if (!known) return false;
    return tablesOf([known]).every((written) => {
      const mark = marks[nameOf(written)];
      if (mark === undefined) return false;
      const distance = (blocks[nameOf(written)] ?? 0) - mark;
      // Numbers that went back are those of a table that was emptied or made anew.
      return distance >= 0 && distance <= written.window * shareUsed;
    });
  }

  #namesOf(table: string): readonly string[] {
    const known = this.#written.find((written) => written.table.name === table);
    return known ? tablesOf([known]).map(nameOf) : [];
  }

  /** One question at a time, however many partitions ask. */
  #sample(): Promise<Sample> {
    this.#sampling ??= this.#read().finally(() => {
      this.#sampling = null;
    });
    return this.#sampling;
  }

  async #read(): Promise<Sample> {
    const { clickhouse, tables, monotonicMs } = this.#options;
    if (this.#written.length === 0) this.#written = await readWritten(clickhouse, tables);
    const names = tablesOf(this.#written).map(nameOf);
    const rows = await clickhouse.query<{ name: string; block: number }>(
      `SELECT concat(database, '.', table) AS name, max(max_block_number) AS block FROM system.parts
       WHERE active AND name IN {names:Array(String)} GROUP BY name`,
      { names },
    );
    const sample = {
      at: monotonicMs(),
      blocks: Object.fromEntries(rows.map(({ name, block }) => [name, block])),
    };
    this.#history = [...this.#history.filter(({ at }) => sample.at - at <= historyMs), sample];
    this.#measure();
    return sample;
  }

  /** The pace counts every block, also those of other processes and of inserts that touch many table partitions. */
  #measure(): void {
    const first = this.#history[0]!;
    const last = this.#history.at(-1)!;
    if (last.at - first.at < paceMsMin) return;
    const seconds = (last.at - first.at) / 1_000;
    for (const { table, views } of this.#written) {
      const memories = tablesOf([{ table, views }]).map((one) => {
        const blocks = (last.blocks[nameOf(one)] ?? 0) - (first.blocks[nameOf(one)] ?? 0);
        return blocks > 0 ? (one.window * seconds) / blocks : Number.POSITIVE_INFINITY;
      });
      const shortest = Math.min(...memories);
      if (Number.isFinite(shortest)) this.#options.onMeasured(table.name, shortest);
    }
  }
}
