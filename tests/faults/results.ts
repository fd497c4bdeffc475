// What is kept of a run: load-tests/results/faults.json, and the table in docs/guarantees.md.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import type { Mode, Result } from './bench.ts';

export interface Row {
  readonly name: string;
  readonly mode: Mode;
  readonly passed: boolean;
  readonly acknowledged: number;
  readonly stored: number;
  readonly deadLettered: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly reordered: number;
  readonly unseen: number;
  readonly repeated: number;
  /** From the end of the fault to the next stored row; null where the case has no such moment. */
  readonly recoverySeconds: number | null;
  readonly seconds: number;
  readonly charges: readonly string[];
  readonly notes: readonly string[];
  readonly examples: readonly string[];
}

interface Kept extends Row {
  readonly short: boolean;
  readonly when: string;
  readonly commit: string;
}

const resultsFile = new URL('../../load-tests/results/faults.json', import.meta.url);
const page = new URL('../../docs/guarantees.md', import.meta.url);
const begin = '<!-- faults:begin -->';
const end = '<!-- faults:end -->';

/** A case that threw has no numbers, only its charge. */
export function rowOf(name: string, mode: Mode, result: Result | string, seconds: number): Row {
  const none = {
    acknowledged: 0,
    stored: 0,
    deadLettered: 0,
    lost: 0,
    duplicated: 0,
    reordered: 0,
    unseen: 0,
    repeated: 0,
  };
  const rounded = Math.round(seconds);
  if (typeof result === 'string') {
    const empty = { recoverySeconds: null, seconds: rounded, charges: [result], notes: [], examples: [] };
    return { name, mode, passed: false, ...none, ...empty };
  }
  const { verdict, recoverySeconds, charges, notes } = result;
  const { acknowledged, stored, deadLettered, lost, duplicated, reordered, unseen, repeated, examples } =
    verdict;
  const numbers = { acknowledged, stored, deadLettered, lost, duplicated, reordered, unseen, repeated };
  const passed = charges.length === 0;
  return { name, mode, passed, ...numbers, recoverySeconds, seconds: rounded, charges, notes, examples };
}

/** The commit that runs; empty where there is no git. */
export function commitOf(): string {
  const { stdout } = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' });
  return (stdout ?? '').trim();
}

/** Throws when the page has no place for the table. */
export function checkMarkers(): void {
  const text = readFileSync(page, 'utf8');
  if (text.indexOf(begin) < 0 || text.indexOf(end) < text.indexOf(begin))
    throw new Error(
      `docs/guarantees.md needs the lines ${begin} and ${end}, in this order, where the table goes`,
    );
}

/** Puts the rows in the place of older ones of the same case and mode, in the file and in the table. */
export function saveRows(rows: readonly Row[], short: boolean): void {
  const commit = commitOf();
  const when = new Date().toISOString();
  const before = existsSync(resultsFile)
    ? (JSON.parse(readFileSync(resultsFile, 'utf8')) as { readonly rows: readonly Kept[] }).rows
    : [];
  const kept = new Map(before.map((row) => [`${row.name} ${row.mode}`, row]));
  for (const row of rows) kept.set(`${row.name} ${row.mode}`, { ...row, short, when, commit });
  const machine = {
    node: process.version,
    processors: cpus().length,
    model: cpus()[0]?.model ?? '',
    memoryGiB: Math.round(totalmem() / 2 ** 30),
  };
  const all = [...kept.values()].sort(
    (one, other) => one.name.localeCompare(other.name) || one.mode.localeCompare(other.mode),
  );
  writeFileSync(resultsFile, `${JSON.stringify({ when, commit, machine, rows: all }, null, 2)}\n`);
  const text = readFileSync(page, 'utf8');
  const [head = '', rest = ''] = text.split(begin);
  const tail = rest.slice(rest.indexOf(end));
  writeFileSync(page, `${head}${begin}\n${tableOf(all)}${tail}`);
}

function tableOf(rows: readonly Kept[]): string {
  const head =
    '| case | on | acknowledged | stored | dead letters | lost | duplicated | reordered | unseen | repeated | progress after | |\n' +
    '|---|---|---|---|---|---|---|---|---|---|---|---|\n';
  const lines = rows.map((row) => {
    const { name, mode, acknowledged, stored, deadLettered, lost, duplicated, reordered, unseen, repeated } =
      row;
    const numbers = [acknowledged, stored, deadLettered, lost, duplicated, reordered, unseen, repeated];
    const after = row.recoverySeconds === null ? '' : `${row.recoverySeconds} s`;
    return `| ${name} | ${mode} | ${numbers.join(' | ')} | ${after} | ${row.passed ? 'passed' : 'failed'} |`;
  });
  const failed = rows.filter(({ passed }) => !passed).length;
  return `${head}${lines.join('\n')}\n\n${rows.length - failed} passed, ${failed} failed.\n`;
}
