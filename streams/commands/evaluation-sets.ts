// The rows a release is judged on: the held-out sets of its task, or a data set the caller names.
import { readdir, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { loadModel } from '../../processors/inference/load-model.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import type { ModelManifest, ModelRelease } from '../../schemas/model-manifest.ts';
import { repositoryDirectories } from '../../trainers/data-sets/catalog.ts';
import { type DataSet, openDataSet } from '../../trainers/data-sets/open.ts';
import { loadSet, splitData } from '../../trainers/data-sets/split.ts';
import type { JudgedSet } from '../../trainers/evaluation/evaluate.ts';
import { withLanguages } from '../../trainers/evaluation/languages.ts';
import { tasks } from '../../trainers/tasks/tasks.ts';
import type { Example } from '../../trainers/trainer.ts';
import type { CommandContext } from './command.ts';
import { placesOf } from './data-places.ts';
import type { EvaluateOptions } from './evaluate.ts';
import { unlessInterrupted } from './interruption.ts';

type Choice = Pick<EvaluateOptions, 'data' | 'split' | 'limit'>;

/** Sets of at least one row each. Throws `Misconfigured` where there is none. */
export async function judgedSets(
  context: CommandContext,
  { task, release, data: learned }: Pick<ModelManifest, 'task' | 'release' | 'data'>,
  { data, split, limit }: Choice,
): Promise<readonly JudgedSet[]> {
  const path = data === undefined ? undefined : await pathOf(resolve(context.workingDirectory, data));
  const isOfTask = data === undefined || path?.isCollection === true;
  const sets = isOfTask
    ? await setsOfTask(context, task, path?.path, split)
    : [await namedSet(context, path?.path ?? data, split)];
  // Of its own task's sets a release was kept from those rows, though they may come from a file it learned from.
  if (!isOfTask && wasLearned(learned, sets[0]!.name))
    await context.io.stderr.write(
      `millrace: ${release} was trained on ${sets[0]!.name}: its figures there say nothing about other texts\n`,
    );
  const judged = sets.filter(({ examples }) => examples.length > 0);
  if (judged.length === 0)
    throw new Misconfigured(`there are no rows to judge on in ${data ?? `the held-out sets of ${task}`}`, {
      code: 'no-rows',
      fix: 'Name a data set with texts and labels with --data, or another --split.',
    });
  return judged.map((set) => ({ ...set, examples: spread(set.examples, limit) }));
}

/** Whether a set, `name@version/split`, is among those that were learned from, `name/split`. */
const wasLearned = (data: ModelManifest['data'], name: string): boolean =>
  data.some((used) => used.role !== 'test' && used.name === name.replace(/@[^/]*/, ''));

/** A path that exists; a folder with nothing but folders in it is a collection of sets. */
async function pathOf(
  path: string,
): Promise<{ readonly path: string; readonly isCollection: boolean } | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return undefined;
  if (!found.isDirectory()) return { path, isCollection: false };
  const entries = await readdir(path, { withFileTypes: true });
  const holdsData = entries.some(
    (entry) => entry.isFile() && /(^manifest\.json|\.(jsonl|ndjson|csv|parquet)(\.gz)?)$/.test(entry.name),
  );
  return { path, isCollection: !holdsData };
}

async function setsOfTask(
  { io }: CommandContext,
  name: string,
  unshipped: string | undefined,
  split: string | undefined,
): Promise<readonly JudgedSet[]> {
  const task = tasks.find((known) => known.task === name);
  if (task === undefined || split !== undefined)
    throw new Misconfigured(
      task === undefined
        ? `the repository has no held-out sets for the task “${name}”`
        : '--split needs a data set to split',
      {
        code: 'data-needed',
        fix: 'Name a data set with --data: its name, name@version, or a path such as ./rows.jsonl.',
      },
    );
  const directories = { ...repositoryDirectories, unshipped };
  // Shipped sets were kept from being learned; the others have to lose what was learned, which takes reading all of it.
  if (unshipped !== undefined) {
    const { tests } = await unlessInterrupted(io, splitData(task, directories, 1));
    return tests.map(({ set, examples }) => ({ name: set.file, examples, among: set.among }));
  }
  const judged: JudgedSet[] = [];
  for (const set of task.dataSets.filter(({ role, shipped }) => role === 'test' && shipped)) {
    io.signal.throwIfAborted();
    judged.push({ name: set.file, examples: (await loadSet(set, directories)).examples, among: set.among });
  }
  return judged;
}

async function namedSet(
  context: CommandContext,
  name: string,
  split: string | undefined,
): Promise<JudgedSet> {
  const set: DataSet = await openDataSet(name, placesOf(context, {}));
  const chosen = split ?? (set.splits.includes('test') ? 'test' : undefined);
  const examples: Example[] = [];
  for await (const example of set.examples(chosen)) examples.push(example);
  const { name: title, version } = set.manifest;
  const label = version === '0.0.0' ? title : `${title}@${version}`;
  return { name: chosen === undefined ? label : `${label}/${chosen}`, examples };
}

/** The sets with the slice `language`, as a language release calls each text; rows that have one keep theirs. */
export async function slicedByLanguage(
  release: ModelRelease,
  sets: readonly JudgedSet[],
  signal: AbortSignal,
): Promise<readonly JudgedSet[]> {
  const model = await loadModel(release);
  const sliced: JudgedSet[] = [];
  for (const set of sets) sliced.push({ ...set, examples: await withLanguages(model, set.examples, signal) });
  await model.close();
  return sliced;
}

/** So many rows, evenly spread: files are often sorted by label. */
function spread(examples: readonly Example[], limit: number | undefined): readonly Example[] {
  if (limit === undefined || limit >= examples.length) return examples;
  return Array.from({ length: limit }, (_, at) => examples[Math.floor((at * examples.length) / limit)]!);
}
