// A table of replayed predictions: made for it, with the columns of `predictions`, and never with a row twice. Its
// comment says what it is, so that no other table is ever written into.
import { RowEncoder } from '../../connectors/clickhouse/row-encoder.ts';
import { storedOffsets } from '../../connectors/clickhouse/stored-offsets.ts';
import type { Clickhouse } from '../../connectors/clickhouse.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import { derivedId } from '../../schemas/identity.ts';
import { type Prediction, predictions } from '../../schemas/prediction.ts';
import { printClickhouse, quoteText } from '../../schemas/print/clickhouse.ts';

const rowsAtOnce = 5_000;
const deadlineMs = 60_000;
/** How the comment of such a table begins. */
const replayOf = 'Replay of ';

interface Row {
  readonly offset: number;
  /** When the log accepted the record, in ms since 1970. */
  readonly time: number;
  readonly prediction: Prediction;
}

export class ReplayTable {
  readonly #clickhouse: Clickhouse;
  readonly #name: string;
  readonly #topic: string;
  readonly #encoder = new RowEncoder(predictions);
  readonly #held = new Map<number, Row[]>();
  #written = 0;

  private constructor(clickhouse: Clickhouse, name: string, topic: string) {
    this.#clickhouse = clickhouse;
    this.#name = name;
    this.#topic = topic;
  }

  /** Throws `Misconfigured` for a name that no replay can have: cheap, before any model is loaded. */
  static async check(clickhouse: Clickhouse, name: string): Promise<void> {
    checkName(name);
    const found = await commentOf(clickhouse, name);
    if (found !== null && !found.startsWith(replayOf)) throw taken(name, found, 'a replay');
  }

  /**
   * Makes the table, or opens the one that a replay of the same topic by the same releases made. Throws `Misconfigured`
   * for any other table.
   */
  static async open(
    clickhouse: Clickhouse,
    name: string,
    { topic, releases }: { readonly topic: string; readonly releases: readonly string[] },
  ): Promise<ReplayTable> {
    const purpose = `${replayOf}${topic} by ${[...releases].sort().join(', ')}`;
    if ((await commentOf(clickhouse, name)) === null) {
      const statement = printClickhouse({ ...predictions, name }).replace(/\nCOMMENT '.*;$/s, '');
      await clickhouse.command(`${statement}\nCOMMENT ${quoteText(purpose)}`);
    }
    const found = await commentOf(clickhouse, name);
    if (found !== purpose) throw taken(name, found ?? '', purpose);
    return new ReplayTable(clickhouse, name, topic);
  }

  /** Rows that were not there before. */
  get written(): number {
    return this.#written;
  }

  async add(partition: number, row: Row): Promise<void> {
    const rows = this.#held.get(partition) ?? [];
    rows.push(row);
    this.#held.set(partition, rows);
    if (rows.length >= rowsAtOnce) await this.#flush(partition);
  }

  async finish(): Promise<void> {
    for (const partition of this.#held.keys()) await this.#flush(partition);
  }

  async #flush(partition: number): Promise<void> {
    const rows = this.#held.get(partition)!;
    this.#held.set(partition, []);
    if (rows.length === 0) return;
    const [start, end] = [rows[0]!.offset, rows.at(-1)!.offset + 1];
    const range = { table: this.#name, topic: this.#topic, partition, start, end, at: 0 };
    const present = await storedOffsets(this.#clickhouse, range);
    const missing = rows.filter(({ offset }) => !present.has(offset));
    for (const { offset, time, prediction } of missing)
      this.#encoder.add(prediction, { topic: this.#topic, partition, offset, time });
    const place = `${this.#topic}/${partition}/${start}-${end}`;
    await this.#clickhouse.insert({
      table: this.#name,
      columns: this.#encoder.columns,
      ...this.#encoder.take(),
      // Two replays at once find the same rows missing; ClickHouse keeps one of the two inserts.
      token: `replay/${place}/${derivedId(...missing.map(({ offset }) => String(offset)))}`,
      deadline: Date.now() + deadlineMs,
    });
    this.#written += missing.length;
  }
}

async function commentOf(clickhouse: Clickhouse, table: string): Promise<string | null> {
  const [row] = await clickhouse.query<{ comment: string }>(
    'SELECT comment FROM system.tables WHERE database = currentDatabase() AND name = {table:String}',
    { table },
  );
  return row?.comment ?? null;
}

function checkName(name: string): void {
  if (/^[a-z_][a-z0-9_]{0,99}$/i.test(name)) return;
  throw new Misconfigured(`"${name}" cannot be the name of a table`, {
    code: 'bad-argument',
    fix: 'Use letters, digits and underscores, such as --into replayed_toxicity.',
  });
}

const taken = (name: string, found: string, purpose: string): Misconfigured =>
  new Misconfigured(`the table ${name} is something else: ${found || 'a table without a comment'}`, {
    code: 'table-taken',
    fix: `Name a table that does not exist yet, or one that holds: ${purpose}.`,
  });
