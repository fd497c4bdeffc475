// Compares recomputed results with the stored ones of the same release, bit by bit.
import type { Clickhouse } from '../../connectors/clickhouse.ts';
import type { Prediction, Result } from '../../schemas/prediction.ts';
import { quoteText } from '../../schemas/print/clickhouse.ts';

const shownMax = 10;

/** A result that came out otherwise than it is stored. */
export interface Discrepancy {
  readonly messageId: string;
  readonly stored: Result;
  readonly replayed: Result;
}

interface StoredRow {
  readonly messageId: string;
  readonly tasks: readonly string[];
  readonly releases: readonly string[];
  readonly answers: readonly string[];
  readonly confidences: readonly number[];
  readonly labels: readonly (readonly string[])[];
  readonly probabilities: readonly (readonly number[])[];
}

/** Counts of results, one for each message and task. */
export class Verification {
  readonly #clickhouse: Clickhouse;
  readonly #discrepancies: Discrepancy[] = [];
  readonly #counts = { identical: 0, different: 0, missing: 0 };

  constructor(clickhouse: Clickhouse) {
    this.#clickhouse = clickhouse;
  }

  /** `missing`: no stored result of that release. */
  get counts(): Readonly<{ identical: number; different: number; missing: number }> {
    return this.#counts;
  }

  /** The first of them. */
  get discrepancies(): readonly Discrepancy[] {
    return this.#discrepancies;
  }

  async add(predictions: readonly Prediction[]): Promise<void> {
    if (predictions.length === 0) return;
    const stored = await this.#stored(predictions);
    for (const { messageId, results } of predictions)
      for (const replayed of results) this.#compare(messageId, replayed, stored.get(messageId) ?? []);
  }

  #compare(messageId: string, replayed: Result, stored: readonly Result[]): void {
    // A candidate on trial that did not answer left a result without a label: there is nothing to compare with.
    const ours = stored.filter(
      ({ task, release, label }) => label !== '' && task === replayed.task && release === replayed.release,
    );
    if (ours.length === 0) this.#counts.missing += 1;
    // A message that came twice is stored twice; its text may have changed between.
    else if (ours.some((each) => isIdentical(each, replayed))) this.#counts.identical += 1;
    else {
      this.#counts.different += 1;
      if (this.#discrepancies.length < shownMax)
        this.#discrepancies.push({ messageId, stored: ours[0]!, replayed });
    }
  }

  async #stored(predictions: readonly Prediction[]): Promise<ReadonlyMap<string, readonly Result[]>> {
    const times = predictions.map(({ eventTime }) => eventTime);
    const [first, last] = [Math.min(...times), Math.max(...times)];
    const ids = predictions.map(({ messageId }) => quoteText(messageId)).join(', ');
    // The times find the rows by the table’s order; the ids alone would read the whole column.
    const rows = await this.#clickhouse.query<StoredRow>(
      `SELECT messageId, \`results.task\` AS tasks, \`results.release\` AS releases, \`results.label\` AS answers,
         \`results.confidence\` AS confidences, \`results.labels\` AS labels, \`results.probabilities\` AS probabilities
       FROM predictions
       WHERE kind = ${quoteText(predictions[0]!.kind)} AND messageId IN (${ids})
         AND eventTime BETWEEN fromUnixTimestamp64Milli(toInt64(${first})) AND fromUnixTimestamp64Milli(toInt64(${last}))`,
    );
    const found = new Map<string, Result[]>();
    for (const row of rows)
      found.set(row.messageId, [...(found.get(row.messageId) ?? []), ...resultsOf(row)]);
    return found;
  }
}

const resultsOf = (row: StoredRow): readonly Result[] =>
  row.tasks.map((task, index) => ({
    task,
    release: row.releases[index]!,
    label: row.answers[index]!,
    confidence: row.confidences[index]!,
    labels: row.labels[index]!,
    probabilities: row.probabilities[index]!,
    arm: null,
  }));

/** Equal as the table holds them: 32-bit floats. */
const isSame = (a: number, b: number): boolean => Object.is(Math.fround(a), Math.fround(b));

const isIdentical = (a: Result, b: Result): boolean =>
  a.label === b.label &&
  isSame(a.confidence, b.confidence) &&
  a.labels.length === b.labels.length &&
  a.labels.every((label, index) => label === b.labels[index]) &&
  a.probabilities.length === b.probabilities.length &&
  a.probabilities.every((probability, index) => isSame(probability, b.probabilities[index]!));
