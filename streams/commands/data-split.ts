// `millrace data split`: shows how a set falls into splits or folds, and writes them as a new set when asked.
import type { Command } from 'commander';
import { Misconfigured } from '../../schemas/errors.ts';
import {
  countParts,
  type PartCounts,
  type Parting,
  writeParts,
} from '../../trainers/data-sets/materialization.ts';
import { table } from '../terminal.ts';
import { type Action, type CommandContext, exitCodes, jsonLine } from './command.ts';
import {
  type DataOptions,
  dataOption,
  numberBetween,
  openNamed,
  progressLine,
  shares,
  storeOf,
} from './data-places.ts';

interface SplitOptions extends DataOptions {
  readonly shares?: Readonly<Record<string, number>>;
  readonly folds?: number;
  readonly stratified?: boolean;
  readonly seed: number;
  readonly as?: string;
}

export function defineSplit(group: Command, context: CommandContext, action: Action): void {
  group
    .command('split <set>')
    .description('part a set by the hash of its texts: equal texts stay together, added rows move no others')
    .option('--shares <shares>', 'parts and their shares (default: train=0.8,dev=0.1,test=0.1)', shares)
    .option('--folds <number>', 'that many equal folds instead', numberBetween(2, 100, true))
    .option('--stratified', 'exactly these shares of every label; added rows may then move others')
    .option(
      '--seed <number>',
      'the same seed and texts give the same parts',
      numberBetween(0, 2 ** 32 - 1, true),
      1,
    )
    .option('--as <name[@version]>', 'write the parts as this data set')
    .option(...dataOption)
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Examples:
  millrace data split surge_toxicity --shares train=0.7,test=0.3
  millrace data split surge_toxicity --stratified --as surge_parted@1.0.0
  millrace data split ./rows.jsonl --folds 5 --as rows_folds`,
    )
    .action(action((name: string, options: SplitOptions) => run(context, name, options)));
}

async function run(context: CommandContext, name: string, options: SplitOptions): Promise<number> {
  const { io } = context;
  const { seed } = options;
  const parting = partingOf(options);
  const line = progressLine(context);
  line.show(`reading ${name}`);
  const set = await openNamed(context, name, options);
  const parts = await countParts(set, parting, seed);
  const [as = '', version = '1.0.0'] = options.as?.split('@') ?? [];
  const signal = io.signal;
  const added =
    as === ''
      ? null
      : await writeParts(set, parting, { seed, name: as, version, store: storeOf(context), signal });
  await line.clear();
  const written = added && { set: `${as}@${version}`, path: added.path };
  await io.stdout.write(options.json ? jsonLine({ parts, written }) : describe(parts, written?.set));
  return exitCodes.done;
}

function partingOf({ shares: given, folds, stratified }: SplitOptions): Parting {
  if (folds !== undefined) {
    if (given !== undefined || stratified)
      throw new Misconfigured('--folds goes without --shares and --stratified', {
        code: 'bad-argument',
        fix: 'Choose folds or shares.',
      });
    return { by: 'fold', folds };
  }
  return { by: stratified ? 'label' : 'hash', shares: given ?? { train: 0.8, dev: 0.1, test: 0.1 } };
}

const labelsShown = 8;

function describe(parts: readonly PartCounts[], written: string | undefined): string {
  const totals = new Map<string, number>();
  for (const { labels } of parts)
    for (const [label, rows] of Object.entries(labels)) totals.set(label, (totals.get(label) ?? 0) + rows);
  const shown = [...totals].sort(([, a], [, b]) => b - a).slice(0, labelsShown);
  const rows = parts.map(({ part, rows, labels }) => ({
    part,
    rows,
    ...Object.fromEntries(shown.map(([label]) => [label, labels[label] ?? 0])),
  }));
  return `${table(rows)}${written === undefined ? '' : `written as ${written}\n`}`;
}
