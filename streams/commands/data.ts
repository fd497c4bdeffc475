// `millrace data`: data sets as manifests and content-addressed files.
import { resolve } from 'node:path';
import { Misconfigured } from '../../schemas/errors.ts';
import { findManifest, listManifests, manifestIn } from '../../trainers/data-sets/catalog.ts';
import { manifestHash } from '../../trainers/data-sets/manifest.ts';
import { type Verification, verifySet } from '../../trainers/data-sets/verification.ts';
import { count, table } from '../terminal.ts';
import { type CommandContext, type Define, exitCodes, jsonLine } from './command.ts';
import { defineAdd } from './data-add.ts';
import { type DataOptions, dataOption, openNamed, placesOf, progressLine } from './data-places.ts';
import { defineReport } from './data-report.ts';
import { defineSplit } from './data-split.ts';
import { defineSynthesize } from './data-synthesize.ts';

export const data: Define = (program, context, action) => {
  const group = program
    .command('data')
    .description('data sets: add, list, show, verify, split, report, synthesize')
    .addHelpText(
      'after',
      '\nExamples:\n  millrace data list\n  millrace data add reviews reviews.csv --label stars',
    );
  defineAdd(group, context, action);
  group
    .command('list')
    .description('every data set of the repository and of this machine')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  millrace data list --json | jq ".[].name"')
    .action(action((options: DataOptions) => list(context, options)));
  group
    .command('show <set>')
    .description('the manifest of a set, its splits and first rows')
    .option(...dataOption)
    .option('--json', 'print the manifest')
    .addHelpText('after', '\nExamples:\n  millrace data show goemotions\n  millrace data show ./rows.jsonl')
    .action(action((name: string, options: DataOptions) => show(context, name, options)));
  group
    .command('verify [sets...]')
    .description('hash every file and check every row against the manifest (default: all sets)')
    .option(...dataOption)
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  millrace data verify\n  millrace data verify goemotions olid --data ~/collected --json',
    )
    .action(action((names: readonly string[], options: DataOptions) => verify(context, names, options)));
  defineSplit(group, context, action);
  defineReport(group, context, action);
  defineSynthesize(group, context, action);
};

async function list(context: CommandContext, options: DataOptions): Promise<number> {
  const found = await listManifests(placesOf(context, options));
  const rows = found.map(({ manifest, folder }) => ({
    name: manifest.name,
    version: manifest.version,
    kind: manifest.kind,
    rows: manifest.files.reduce((sum, { rows }) => sum + rows, 0),
    files: manifest.files.length,
    ships: manifest.ships ? 'yes' : 'no',
    licence: manifest.licence,
    hash: manifestHash(manifest).slice(0, 12),
    from: folder === null ? 'this machine' : 'repository',
  }));
  await context.io.stdout.write(options.json ? jsonLine(rows) : table(rows));
  return exitCodes.done;
}

const rowsShown = 3;

async function show(context: CommandContext, name: string, options: DataOptions): Promise<number> {
  const { manifest, hash, rows } = await openNamed(context, name, options);
  if (options.json) {
    await context.io.stdout.write(jsonLine({ hash, manifest }));
    return exitCodes.done;
  }
  const { files, columns, splits, constraints, labelMap, cleaning, ...said } = manifest;
  const facts = { ...said, hash, columns, splits, labelMap, cleaning, constraints };
  const lines = Object.entries(facts).flatMap(([key, value]) =>
    value === undefined
      ? []
      : [`${key.padEnd(12)} ${typeof value === 'object' ? JSON.stringify(value) : value}`],
  );
  const shown = files.map(({ path, rows, bytes, split, sha256 }) => ({
    path,
    split,
    rows,
    bytes,
    sha256: sha256.slice(0, 12),
  }));
  await context.io.stdout.write(`${lines.join('\n')}\n\n${table(shown)}`);
  await context.io.stdout.write(await firstRows(rows()));
  return exitCodes.done;
}

/** The first rows, or why they are not here: what the manifest says is shown either way. */
async function firstRows(rows: AsyncIterable<Readonly<Record<string, unknown>>>): Promise<string> {
  const first: Readonly<Record<string, unknown>>[] = [];
  try {
    for await (const row of rows) if (first.push(row) === rowsShown) break;
  } catch (error) {
    if (error instanceof Misconfigured && error.code === 'data-missing')
      return `\n${error.message}\n${error.fix}\n`;
    throw error;
  }
  return `\n${table(first)}`;
}

async function verify(
  context: CommandContext,
  names: readonly string[],
  options: DataOptions,
): Promise<number> {
  const { io } = context;
  const places = placesOf(context, options);
  const line = progressLine(context);
  const sets = names.length === 0 ? [...(await listManifests(places))] : [];
  for (const name of names) {
    const found =
      (await findManifest(name, places)) ?? (await manifestIn(resolve(context.workingDirectory, name)));
    if (found === null)
      throw new Misconfigured(`there is no data set “${name}”`, {
        code: 'unknown-data-set',
        fix: '“millrace data list” shows those that are here; a folder with a manifest.json is named by its path.',
      });
    sets.push(found);
  }
  const results: Verification[] = [];
  for (const found of sets) {
    io.signal.throwIfAborted();
    line.show(`verifying ${found.manifest.name}`);
    results.push(await verifySet(found, places));
  }
  await line.clear();
  await io.stdout.write(options.json ? jsonLine(results) : describe(results));
  const isWrong = results.some(({ state }) => state === 'wrong');
  return isWrong ? exitCodes.partly : exitCodes.done;
}

function describe(results: readonly Verification[]): string {
  const rows = results.map(({ set, state, files, rows }) => ({
    set,
    state: { right: 'right', absent: 'right, some files are not here', wrong: 'WRONG' }[state],
    files,
    rows: count(rows),
  }));
  const problems = results.flatMap(({ set, problems }) => problems.map((problem) => `${set}: ${problem}\n`));
  return `${table(rows)}${problems.join('')}`;
}
