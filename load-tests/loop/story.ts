// What happened, in order: decisions, drift reports and alerts as they came, beside what was being played.
import type { DriftReport } from '../../schemas/drift-report.ts';
import type { ModelEvent } from '../../schemas/model-event.ts';
import type { Ledger } from '../../streams/model-ledger.ts';
import type { Stack } from '../../streams/stack.ts';
import { task } from './champion.ts';

export interface Entry {
  /** Seconds since the loop began. */
  readonly seconds: number;
  readonly period: number;
  readonly when: string;
  /** `drifted`, `stable` or the name of a decision. */
  readonly what: string;
  readonly release: string;
  readonly says: string;
}

export class Story {
  readonly entries: Entry[] = [];
  readonly #started = performance.now();
  readonly #onEntry: (entry: Entry) => void;
  readonly #told = new Set<string>();
  #period = { index: 0, when: '' };

  constructor(onEntry: (entry: Entry) => void) {
    this.#onEntry = onEntry;
  }

  /** Follows the decisions; what is returned ends that. */
  follow(ledger: Ledger): () => void {
    return ledger.onDecision((_, event) => {
      if (event.task === task) this.#add(event.event, event.release, describe(event));
    });
  }

  plays(period: { readonly index: number; readonly when: string }): void {
    this.#period = period;
  }

  /** Takes down the drift reports that are new; drift of a release is told when it begins and when it ends. */
  async readReports({ clickhouse }: Stack): Promise<void> {
    const rows = await clickhouse.query<Pick<DriftReport, 'id' | 'release' | 'verdict' | 'summary'>>(
      `SELECT id, release, verdict, summary FROM drift_reports WHERE release LIKE {like:String} AND verdict != 'too-few-samples'
       ORDER BY windowEnd, ingestTime`,
      { like: `${task}@%` },
    );
    for (const { id, release, verdict, summary } of rows) {
      if (this.#told.has(id)) continue;
      this.#told.add(id);
      const last = this.entries.findLast(
        (entry) => entry.release === release && ['drifted', 'stable'].includes(entry.what),
      );
      if (last?.what !== verdict) this.#add(verdict, release, summary);
    }
  }

  #add(what: string, release: string, says: string): void {
    const seconds = (performance.now() - this.#started) / 1_000;
    const entry = { seconds, period: this.#period.index, when: this.#period.when, what, release, says };
    this.entries.push(entry);
    this.#onEntry(entry);
  }
}

const describe = ({ reason, by }: ModelEvent): string => (by === null ? reason : `${reason} (${by})`);

/** One line of the timeline. */
export function lineOf({ seconds, period, when, what, release, says }: Entry): string {
  const time = `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`;
  const said = says.length > 150 ? `${says.slice(0, 149)}…` : says;
  return `${time.padStart(5)}  ${String(period).padStart(2)} ${when.padEnd(8)} ${what.padEnd(20)} ${release.padEnd(16)} ${said}\n`;
}
