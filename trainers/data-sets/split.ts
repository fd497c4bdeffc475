// Reads the data of a task and splits it into what is learned from, what is calibrated on and what is judged on,
// keeping everything that is judged or shown elsewhere out of what is learned from.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { cleanText } from '../../processors/features/cleaning.ts';
import { createRandom } from '../random.ts';
import type { DataSet, Task } from '../task.ts';
import type { Example } from '../trainer.ts';
import { openDataSet } from './open.ts';
import { isInShare, readRows, textKey, textOf } from './rows.ts';

/** A data set as it was read. */
export interface UsedSet {
  readonly set: DataSet;
  readonly rows: number;
  readonly sha256: string;
  /** SHA-256 of the manifest of the data set. */
  readonly manifest: string;
}

/** Examples to judge on. */
interface HeldOut {
  readonly set: DataSet;
  readonly examples: readonly Example[];
}

export interface Split {
  readonly train: readonly Example[];
  readonly calibration: readonly Example[];
  readonly tests: readonly HeldOut[];
  readonly used: readonly UsedSet[];
}

export interface Directories {
  /** The repository’s `trainers/data`. */
  readonly data: string;
  /** The repository’s `samples`. */
  readonly samples: string;
  /** Data that may be used to judge but not be passed on, where the caller has it. */
  readonly unshipped?: string | undefined;
}

/**
 * Reads and splits. Rows equal (by `textKey`) to a test row are never learned from, nor are reference rows and samples
 * unless the task says so.
 */
export async function splitData(task: Task, directories: Directories, seed: number): Promise<Split> {
  const loaded = await Promise.all(
    task.dataSets
      .filter((set) => set.shipped || directories.unshipped !== undefined)
      .map((set) => loadSet(set, directories)),
  );
  const judged = loaded.filter(({ set }) => set.role === 'test');
  const reserved = task.learnsSamples ? new Set<string>() : await reservedKeys(directories);
  for (const { set, examples } of judged) {
    // Whether the unshipped sets are at hand must not change what is learned.
    if (set.shipped) for (const { text } of examples) reserved.add(textKey(text));
  }
  const examplesFor = (role: DataSet['role']) =>
    loaded.filter(({ set }) => set.role === role).flatMap(({ examples }) => examples);
  const free = examplesFor('train').filter(({ text }) => !reserved.has(textKey(text)));
  const random = createRandom(seed);
  const learned = [...free, ...(task.written?.examples(random) ?? [])];
  const tests = withoutLearned(judged, free);
  const used = loaded.map((read) => tests.find(({ set }) => set === read.set) ?? read);
  // Taken whole: leaving out what recurs elsewhere would leave the hard rows, and the model would seem too sure.
  const given = examplesFor('calibration');
  if (given.length > 0) return { train: learned, calibration: given, tests, used };
  const isKept = ({ text }: Example) => isInShare(text, task.calibrationShare);
  return {
    train: learned.filter((example) => !isKept(example)),
    calibration: learned.filter(isKept),
    tests,
    used,
  };
}

/** Unshipped sets lose the rows that were learned from; shipped ones have kept theirs from being learned. */
function withoutLearned(judged: readonly LoadedSet[], learned: readonly Example[]): readonly LoadedSet[] {
  const keys = new Set(learned.map(({ text }) => textKey(text)));
  return judged.map((loaded) => {
    if (loaded.set.shipped) return loaded;
    const examples = loaded.examples.filter(({ text }) => !keys.has(textKey(text)));
    return { ...loaded, examples, rows: examples.length };
  });
}

export interface LoadedSet extends UsedSet {
  readonly examples: readonly Example[];
}

/**
 * Reads one set, `<name>/<split>` of a manifest (or of a folder of files without one): its examples, cleaned as serving
 * cleans them. Throws `Misconfigured` where a file is missing or is not what its manifest names.
 */
export async function loadSet(set: DataSet, directories: Directories): Promise<LoadedSet> {
  const { data, unshipped } = directories;
  const [name = '', split] = set.file.split('/');
  const opened = await openDataSet(name, { folders: [data], collected: unshipped });
  const examples: Example[] = [];
  for await (const row of opened.rows(split))
    for (const example of set.examples(row)) {
      const text = cleanText(example.text);
      if (text !== '') examples.push({ ...example, text });
    }
  const sha256 = hashOf((await opened.files(split)).map(({ file }) => file.sha256));
  return { set, examples, rows: examples.length, sha256, manifest: opened.hash };
}

/** The hash of a file; of several, the hash of their hashes. */
function hashOf(hashes: readonly string[]): string {
  if (hashes.length === 1) return hashes[0]!;
  return createHash('sha256').update(hashes.join('\n')).digest('hex');
}

async function reservedKeys(directories: Directories): Promise<Set<string>> {
  const files = [
    ...['comments', 'prompts', 'shifted'].map((name) => join(directories.samples, `${name}.jsonl.gz`)),
    ...['comments', 'prompts'].map((name) => join(directories.data, 'reference', `${name}.jsonl.gz`)),
  ];
  const keys = new Set<string>();
  for (const file of files) for (const row of await readRows(file)) keys.add(textKey(cleanText(textOf(row))));
  return keys;
}

/** The training examples with what is made from them, drawn as often as the task’s balance says. */
export function expandExamples(task: Task, train: readonly Example[], seed: number): readonly Example[] {
  const random = createRandom(seed + 1);
  const counts = new Map<string, number>();
  for (const { labels } of train) for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  const largest = Math.max(...counts.values());
  const expanded: Example[] = [];
  for (const example of train) {
    const rarest = Math.min(...example.labels.map((label) => counts.get(label)!));
    const wanted = (rarest / largest) ** (task.balancePower - 1);
    const times = Math.floor(wanted) + (random() < wanted % 1 ? 1 : 0);
    for (let time = 0; time < times; time++) {
      expanded.push(example, ...(task.augment?.(example, random) ?? []));
    }
  }
  return expanded;
}
