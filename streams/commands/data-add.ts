// `millrace data add`: makes a data set of files, addresses, a query or a topic, and checks every row of it.
import { join, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { type Added, addDataSet, type SetSource } from '../../trainers/data-sets/addition.ts';
import { manifestHash } from '../../trainers/data-sets/manifest.ts';
import { count, table } from '../terminal.ts';
import { type Action, type CommandContext, exitCodes, jsonLine, topicNamed, whereOpen } from './command.ts';
import { type AddOptions, draftFrom, draftOf, wrong } from './data-draft.ts';
import { dataOption, numberBetween, pairs, progressLine, shares, storeOf } from './data-places.ts';
import { queryRows, topicRows } from './data-sources.ts';

export function defineAdd(group: Command, context: CommandContext, action: Action): void {
  const command = group
    .command('add <name> [files...]')
    .description('make a data set of files or addresses (JSONL, CSV, Parquet; “split=file” names its split)')
    .option('--sql <query>', 'rows of a ClickHouse query')
    .option('--topic <topic>', 'messages of a topic')
    .option('--from <offset|time>', 'with --topic: first offset of every partition, or time (ISO 8601)')
    .option('--to <offset|time>', 'with --topic: stop before this');
  defineColumns(command);
  defineChecks(command);
  command
    .option('--draft <file>', 'JSON with fields of the manifest; a manifest with files needs no others')
    .option('--into <folder>', 'write manifest.json there; files below it stay where they are')
    .option(...dataOption)
    .addOption(new Option('--working-directory <directory>').hideHelp())
    .option('--json', 'print the manifest and what was found')
    .addHelpText('after', examples)
    .action(
      action((name: string, files: readonly string[], options: AddOptions) =>
        run(context, name, files, options),
      ),
    );
}

const examples = `
Examples:
  millrace data add reviews reviews.csv --text review --label stars --licence CC0-1.0
  millrace data add moods train=train.jsonl.gz test=test.jsonl.gz --labels emotions
  millrace data add graded prompts.parquet --score quality --clip-scores --words-min 3 --clean --near-duplicates 0.85
  millrace data add toxic --sql "SELECT messageId AS id, text, label FROM feedback" --label label --id id
  millrace data add november --topic comments --from 2026-11-01T00:00:00Z --kind unlabelled
  millrace data add lid --draft trainers/data/lid/manifest.json --into trainers/data/lid`;

const defineColumns = (command: Command): Command =>
  command
    .addOption(
      new Option('--kind <kind>', 'what its rows answer (default: by the columns named)').choices([
        'classification',
        'multi-label',
        'score',
        'pairs',
        'unlabelled',
      ]),
    )
    .option('--text <column>', 'column of the text (default: text)')
    .option('--second <column>', 'column of the second text')
    .option('--label <column>', 'column of the label')
    .option('--labels <column>', 'column of several labels: an array, or a text with | between them')
    .option('--score <column>', 'column of the score')
    .option('--id <column>', 'column that names a row')
    .option('--slice <columns...>', 'columns that figures are told apart by')
    .option('--label-map <from=to>', 'other names for labels; “from=” leaves the rows out', pairs)
    .option('--set-version <version>', 'its version (default: 1.0.0)')
    .option('--doc <sentence>', 'what it is')
    .option('--licence <licence>', 'under what it may be used (default: none stated)')
    .option('--source <source>', 'where it comes from')
    .option('--ships', 'it may be passed on');

const defineChecks = (command: Command): Command =>
  command
    .option('--shares <shares>', 'split by hash of the text (default: train=0.8,dev=0.1,test=0.1)', shares)
    .option('--seed <number>', 'of the split and of balancing', numberBetween(0, 2 ** 32 - 1, true), 1)
    .option('--words-min <number>', 'leave texts of fewer words out', numberBetween(1, 1_000, true))
    .option('--clip-scores', 'scores below 0 become 0, above 100 become 100')
    .option('--clean', 'leave out what cannot be read, is missing, conflicting or there before')
    .option(
      '--near-duplicates <similarity>',
      'with --clean: and what is nearly the same',
      numberBetween(0.65, 1),
    )
    .option('--balance', 'with --clean: as many rows of every label, or of low, medium and high scores');

async function run(
  context: CommandContext,
  name: string,
  files: readonly string[],
  options: AddOptions,
): Promise<number> {
  const here = { ...context, workingDirectory: options.workingDirectory ?? context.workingDirectory };
  const { sql, topic } = options;
  if ([files.length > 0, sql !== undefined, topic !== undefined].filter(Boolean).length > 1)
    throw wrong('files, --sql and --topic were named together', 'Make a set of one of them.');
  if (!options.clean && (options.nearDuplicates !== undefined || options.balance))
    throw wrong('--near-duplicates and --balance are parts of cleaning', 'Add --clean.');
  if (sql === undefined && topic === undefined)
    return add(here, name, await fileSources(here, name, files, options), options);
  const argv = [...context.io.argv, '--working-directory', resolve(here.workingDirectory)];
  return whereOpen(context, { argv, stdin: context.io.stdin }, async () => {
    const stack = await context.stack();
    const { signal } = context.io;
    const rows =
      sql === undefined
        ? topicRows(stack, { topic: topicNamed(topic!).name, from: options.from, to: options.to, signal })
        : queryRows(stack, sql);
    return add(here, name, [{ name: topic ?? 'query', rows }], options);
  });
}

/** Named files; those of the draft where none is named. */
async function fileSources(
  context: CommandContext,
  name: string,
  files: readonly string[],
  options: AddOptions,
): Promise<readonly SetSource[]> {
  if (files.length > 0) return files.map((text) => fileSource(text, context.workingDirectory));
  const draft = await draftFrom(context, options.draft);
  const listed = (draft.files ?? []) as readonly {
    readonly path: string;
    readonly split?: string;
    readonly url?: string;
  }[];
  if (listed.length === 0)
    throw wrong('nothing was named to make a data set of', 'Name files, addresses, --sql or --topic.');
  const roots = [options.into, options.data === undefined ? undefined : join(options.data, name)];
  const root = roots.find((folder) => folder !== undefined) ?? '.';
  return listed.map(({ path, split, url }) =>
    url === undefined ? { path: resolve(context.workingDirectory, root, path), split } : { url, split },
  );
}

function fileSource(text: string, workingDirectory: string): SetSource {
  const [, split, named = text] = /^([\w-]+)=(.+)$/.exec(text) ?? [];
  return /^(https?|file):\/\//.test(named)
    ? { url: named, split }
    : { path: resolve(workingDirectory, named), split };
}

async function add(
  context: CommandContext,
  name: string,
  sources: readonly SetSource[],
  options: AddOptions,
): Promise<number> {
  const { io, workingDirectory } = context;
  const line = progressLine(context);
  const draft = await draftOf(context, name, sources, options);
  const { nearDuplicates, balance, seed } = options;
  const added = await addDataSet({
    draft,
    sources,
    store: storeOf(context),
    folder: options.into === undefined ? undefined : resolve(workingDirectory, options.into),
    collected: options.data === undefined ? undefined : resolve(workingDirectory, options.data),
    cleaning: options.clean ? { nearDuplicates, balance, seed, signal: io.signal } : undefined,
    signal: io.signal,
    onRows: (rows) => line.show(`${count(rows)} rows read`),
  });
  await line.clear();
  const { manifest, path, inspection, cleaned } = added;
  await io.stdout.write(
    options.json
      ? jsonLine({ manifest, hash: manifestHash(manifest), path, inspection, cleaned })
      : summary(added),
  );
  return exitCodes.done;
}

function summary({ manifest, path, inspection, cleaned }: Added): string {
  const { name, version, files } = manifest;
  const steps = cleaned.flatMap(({ file, read, left, clipped }) => [
    { file, step: 'read', rows: read },
    ...(clipped > 0 ? [{ file, step: 'score clipped', rows: clipped }] : []),
    ...Object.entries(left).flatMap(([step, rows]) => (rows > 0 ? [{ file, step, rows: -rows }] : [])),
  ]);
  const splits = Object.entries(inspection.splits).map(([split, { rows, labels }]) => ({
    split,
    rows,
    labels: Object.keys(labels).length,
  }));
  const rows = files.reduce((sum, file) => sum + file.rows, 0);
  return `${steps.length > 0 ? `${table(steps)}\n` : ''}${table(splits)}${remarks(inspection)}
${name}@${version}: ${count(rows)} rows, manifest ${path}
`;
}

/** What somebody would want to know before training on it. */
function remarks({ omitted, duplicates, conflicting }: Added['inspection']): string {
  const found = [
    ...Object.entries(omitted).flatMap(([why, rows]) =>
      rows > 0 ? [`${count(rows)} rows give no example (${why})`] : [],
    ),
    ...(duplicates > 0 ? [`${count(duplicates)} rows repeat a text of their split`] : []),
    ...(conflicting > 0 ? [`${count(conflicting)} rows have texts with several answers`] : []),
  ];
  return found.length === 0 ? '' : `\n${found.join('; ')}.\n`;
}
