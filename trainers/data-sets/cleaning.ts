// Cleaning: rows that teach nothing or something wrong are left out, each for one reason, in the order of `steps`.
// Decided in passes over the source, which is read anew for each: what is held are decisions, not rows.
import { createHash } from 'node:crypto';
import { BadRow, type NumberedRow } from '../../connectors/tabular/row.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import type { Example } from '../trainer.ts';
import { exampleOf } from './examples.ts';
import type { SetManifest } from './manifest.ts';
import { NearDuplicates } from './near-duplicates.ts';
import { placeOf } from './partition.ts';
import { type Row, sameKey } from './rows.ts';

/**
 * Why rows are left out, in this order: bytes that are not UTF-8; no row at all; no text or no answer; a label that the
 * map leaves out; too few words; texts that have several answers, all of their rows; texts that came before; texts
 * nearly the same as one before (when asked); more rows of a label or band than the rarest has (when asked).
 */
const steps = [
  'invalid-utf8',
  'malformed',
  'missing',
  'unmapped',
  'short',
  'conflicting',
  'duplicate',
  'near-duplicate',
  'balanced-away',
] as const;
type Step = (typeof steps)[number];

export interface CleaningOptions {
  /** Jaccard similarity of character 5-grams from which two texts are nearly the same; absent: not looked for. */
  readonly nearDuplicates?: number | undefined;
  /** Keeps as many rows of each label, or of low, medium and high scores, as the rarest has. */
  readonly balance?: boolean | undefined;
  /** Draws the rows that balancing keeps. */
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
}

export interface Cleaned {
  readonly read: number;
  readonly kept: number;
  /** Scores outside of 0–100 that were moved to the end of the range. */
  readonly clipped: number;
  readonly left: Readonly<Record<Step, number>>;
  /** What was kept, as it stood but for clipped scores. */
  rows(): AsyncGenerator<Row, void, void>;
}

const kept = 0;
const codeOf = (step: Step): number => steps.indexOf(step) + 1;

/** A row that passed the steps which need no other row. */
interface Candidate {
  readonly at: number;
  readonly text: number;
  readonly group: string;
  readonly place: number;
}

/** Cleans what `source` gives; it is called once for every pass. */
export async function cleanRows(
  source: () => AsyncIterable<NumberedRow>,
  manifest: SetManifest,
  options: CleaningOptions,
): Promise<Cleaned> {
  const { decisions, candidates, clipped, conflicting } = await decideAlone(source, manifest, options);
  const seen = new Set<number>();
  for (const { at, text } of candidates) {
    if (conflicting.has(text)) decisions[at] = codeOf('conflicting');
    else if (seen.has(text)) decisions[at] = codeOf('duplicate');
    seen.add(text);
  }
  if (options.nearDuplicates !== undefined)
    await dropNear(source, decisions, manifest, options.nearDuplicates, options.signal);
  if (options.balance) dropSurplus(candidates, decisions);
  const counted = (step: Step) => decisions.filter((decision) => decision === codeOf(step)).length;
  return {
    read: decisions.length,
    kept: decisions.filter((decision) => decision === kept).length,
    clipped,
    left: Object.fromEntries(steps.map((step) => [step, counted(step)])) as Record<Step, number>,
    rows: () => keptRows(source, decisions, manifest, options.signal),
  };
}

async function decideAlone(
  source: () => AsyncIterable<NumberedRow>,
  manifest: SetManifest,
  { balance, seed, signal }: CleaningOptions,
) {
  const decisions: number[] = [];
  const candidates: Candidate[] = [];
  const texts = new Map<string, { readonly number: number; readonly answer: string }>();
  const conflicting = new Set<number>();
  let clipped = 0;
  for await (const { row } of source()) {
    signal?.throwIfAborted();
    const example = row instanceof BadRow ? row.problem : exampleOf(row, manifest);
    const at = decisions.push(typeof example === 'string' ? codeOf(example) : kept) - 1;
    if (typeof example === 'string') continue;
    if (!(row instanceof BadRow) && isClipped(row, example, manifest)) clipped += 1;
    const key = keyOf(example);
    const answer = answerOf(example);
    const known = texts.get(key);
    const number = known?.number ?? texts.size;
    if (known === undefined) texts.set(key, { number, answer });
    else if (known.answer !== answer) conflicting.add(number);
    const group = balance ? groupOf(example, manifest) : '';
    candidates.push({ at, text: number, group, place: balance ? placeOf(example.text, seed, 'balance') : 0 });
  }
  return { decisions, candidates, clipped, conflicting };
}

/** 96 bits of a hash stand for a text (two, in pairs): a collision in a billion rows is one in 10^11. */
export const keyOf = ({ text, second }: Example): string =>
  createHash('sha256')
    .update(second === undefined ? sameKey(text) : `${sameKey(text)}\0${sameKey(second)}`)
    .digest('base64url')
    .slice(0, 16);

export const answerOf = ({ labels, values }: Example): string =>
  values === undefined ? [...labels].sort().join('|') : values.join('|');

const isClipped = (row: Row, { values }: Example, { columns, cleaning }: SetManifest): boolean =>
  cleaning?.clipScores === true && values !== undefined && Number(row[columns.score!]) !== values[0];

function groupOf({ labels, values }: Example, { kind }: SetManifest): string {
  if (values !== undefined) return bandOf(values[0]!);
  if (kind === 'classification' || kind === 'pairs') return labels[0]!;
  throw new Misconfigured(`a set of the kind ${kind} cannot be balanced: its rows are in no one group`, {
    code: 'bad-argument',
    fix: 'Leave --balance out; trainers weigh rare labels themselves.',
  });
}

/** Thirds of the scale from 0 to 100. */
const bandOf = (score: number): 'low' | 'medium' | 'high' =>
  score < 100 / 3 ? 'low' : score < 200 / 3 ? 'medium' : 'high';

async function dropNear(
  source: () => AsyncIterable<NumberedRow>,
  decisions: number[],
  manifest: SetManifest,
  threshold: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const index = new NearDuplicates(threshold);
  let at = -1;
  for await (const { row } of source()) {
    signal?.throwIfAborted();
    at += 1;
    if (decisions[at] !== kept || row instanceof BadRow) continue;
    const { text, second } = exampleOf(row, manifest) as Example;
    const whole = second === undefined ? text : `${text} ${second}`;
    if (index.matches(whole).length > 0) decisions[at] = codeOf('near-duplicate');
    else index.add(whole);
  }
}

/** In every group the rows with the lowest places stay. */
function dropSurplus(candidates: readonly Candidate[], decisions: number[]): void {
  const groups = new Map<string, Candidate[]>();
  for (const candidate of candidates) {
    if (decisions[candidate.at] !== kept) continue;
    const members = groups.get(candidate.group);
    if (members) members.push(candidate);
    else groups.set(candidate.group, [candidate]);
  }
  const rarest = Math.min(...[...groups.values()].map(({ length }) => length));
  for (const members of groups.values()) {
    members.sort((a, b) => a.place - b.place || a.at - b.at);
    for (const { at } of members.slice(rarest)) decisions[at] = codeOf('balanced-away');
  }
}

async function* keptRows(
  source: () => AsyncIterable<NumberedRow>,
  decisions: readonly number[],
  manifest: SetManifest,
  signal: AbortSignal | undefined,
): AsyncGenerator<Row, void, void> {
  let at = -1;
  for await (const { row } of source()) {
    signal?.throwIfAborted();
    at += 1;
    if (decisions[at] !== kept || row instanceof BadRow) continue;
    const example = exampleOf(row, manifest) as Example;
    yield isClipped(row, example, manifest) ? { ...row, [manifest.columns.score!]: example.values![0] } : row;
  }
}
