// The rows that runs leave: kept one by one, shown as medians, stored with the machine they come from.
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { table } from '../../streams/terminal.ts';
import { describeMachine } from '../machine.ts';
import { home } from './places.ts';

/** What bench.py and the raw programs print; which fields there are depends on the job. */
export interface Row {
  readonly peer: string;
  readonly job: string;
  /** What the job had; `missing` says how many of them were not answered. */
  readonly rows: number;
  readonly ok?: boolean;
  /** Share of the machine that neither the peer nor the broker used. */
  readonly others?: number;
  readonly [field: string]: unknown;
}

const file = join(home, 'rows.jsonl');
const stored = new URL('../results/peers.json', import.meta.url);
const othersMax = 0.15;
const shown = [
  'rps',
  'cpu_per_100k',
  'rss_mib',
  'p50',
  'p95',
  'p99',
  'p99.9',
  'slip_ms',
  'agree',
  'dups',
  'others',
];

export const keepRow = (row: Row): void => appendFileSync(file, `${JSON.stringify(row)}\n`);

const allRows = (): readonly Row[] =>
  existsSync(file)
    ? readFileSync(file, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Row)
    : [];

/** Medians by job, peer and number of rows. Rows of a busy machine or with wrong answers count only where there are no others. */
export function summary() {
  const groups = new Map<string, Row[]>();
  for (const row of allRows()) {
    const key = `${row.job} ${row.peer} ${row.rows}`;
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups.values()].map(summarize).sort((a, b) => order(a).localeCompare(order(b)));
}

const order = (line: { job: string; rows: number; peer: string }) =>
  `${line.job} ${String(line.rows).padStart(9, '0')} ${line.peer}`;

function summarize(rows: readonly Row[]) {
  const clean = rows.filter(({ ok = true, others = 0 }) => ok && others <= othersMax);
  const used = clean.length > 0 ? clean : rows;
  const { job, peer, rows: count } = used[0]!;
  const medians = Object.fromEntries(shown.map((field) => [field, median(used.map((row) => row[field]))]));
  const remark = used.every(({ ok = true }) => ok) ? (clean.length > 0 ? '' : 'busy machine') : 'WRONG';
  return { job, peer, rows: count, runs: used.length, ...medians, remark };
}

function median(values: readonly unknown[]): number | null {
  const numbers = values.filter((value) => typeof value === 'number').sort((a, b) => a - b);
  return numbers[Math.floor(numbers.length / 2)] ?? null;
}

/** The medians as a table for people. */
export const summaryTable = (): string => table(summary());

/** Writes medians and rows to load-tests/results/peers.json. */
export function storeRows(): void {
  const report = {
    when: new Date().toISOString(),
    machine: describeMachine(),
    medians: summary(),
    rows: allRows(),
  };
  writeFileSync(stored, `${JSON.stringify(report, null, 2)}\n`);
}
