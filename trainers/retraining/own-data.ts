// What a release was learned from and judged on, found again: the task of this repository, the data set that its
// manifest names, and the labels of earlier requests.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { isAbsolute } from 'node:path';
import { Misconfigured } from '../../schemas/errors.ts';
import type { ModelManifest } from '../../schemas/model-manifest.ts';
import { repositoryDirectories, type SetPlaces } from '../data-sets/catalog.ts';
import { openDataSet } from '../data-sets/open.ts';
import { type Split, splitData, type UsedSet } from '../data-sets/split.ts';
import type { Task } from '../task.ts';
import { declareTask } from '../tasks/declared-task.ts';
import { tasks } from '../tasks/tasks.ts';
import { type Answering, collect } from './collection.ts';
import { readLabelled } from './labelled-file.ts';

export interface OwnPlaces {
  /** Where sets are looked for that are no task’s of the repository. */
  readonly sets: SetPlaces;
  /** Data that may be used to judge and not be passed on, where there is some. */
  readonly unshipped: string | undefined;
  /** The rows of an earlier request, `labelled.jsonl.gz`. */
  readonly labelledOf: (request: string) => string;
}

export interface OwnData {
  /** The task whose recipe it is; null where the release is all that is known. */
  readonly task: Task | null;
  readonly split: Split;
  /** Sets of the manifest that are not here, or are not what they were. */
  readonly missing: readonly string[];
}

/** Names the labels of a request in a manifest. */
const feedbackName = (request: string): string => `feedback/${request}`;

const nothing: Split = { train: [], calibration: [], tests: [], used: [] };

/** Finds the data of a release. What cannot be found is named and left out. */
export async function ownData(
  manifest: ModelManifest,
  { sets, unshipped, labelledOf }: OwnPlaces,
): Promise<OwnData> {
  const { task, split, missing } =
    (await ofRepository(manifest, unshipped)) ?? (await ofNamedSet(manifest, sets));
  const earlier = await ofEarlierRequests(manifest, labelledOf);
  return {
    task,
    split: {
      ...split,
      train: [...split.train, ...earlier.train],
      used: [...split.used, ...earlier.used],
    },
    missing: [...missing, ...earlier.missing],
  };
}

type Found = OwnData;

/** A task of this repository made the release when all that it was learned from is the task’s. */
async function ofRepository(manifest: ModelManifest, unshipped: string | undefined): Promise<Found | null> {
  const task = tasks.find((known) => known.task === manifest.task);
  const files = task?.dataSets.filter(({ role }) => role === 'train').map(({ file }) => file) ?? [];
  const learned = new Set(manifest.data.filter(({ role }) => role === 'train').map(({ name }) => name));
  if (task === undefined || files.length === 0 || !files.every((file) => learned.has(file))) return null;
  if (task.labels.join('\n') !== manifest.labels.join('\n')) return null;
  const split = await splitData(task, { ...repositoryDirectories, unshipped }, manifest.seed);
  return { task, split, missing: [] };
}

async function ofNamedSet(manifest: ModelManifest, places: SetPlaces): Promise<Found> {
  const named = manifest.data.filter(({ name }) => !name.startsWith('feedback/'));
  const missing = [...new Set(named.map(({ name }) => name))];
  for (const { name, sha256 } of named) {
    const set = await opened(name, places);
    if (set === null || set.hash !== sha256) continue;
    const declared = await declareTask(manifest.task, manifest.version, set, manifest.seed);
    // What it answered with stays, whatever the rows would give by themselves.
    const isSame = [...declared.task.labels].sort().join('\n') === [...manifest.labels].sort().join('\n');
    if (!isSame) continue;
    const { labels } = manifest;
    return {
      task: { ...declared.task, labels },
      split: declared.split,
      missing: missing.filter((other) => other !== name),
    };
  }
  return { task: null, split: nothing, missing };
}

async function opened(name: string, places: SetPlaces) {
  if (isAbsolute(name)) return null;
  try {
    return await openDataSet(name, places);
  } catch (error) {
    if (error instanceof Misconfigured) return null;
    throw error;
  }
}

async function ofEarlierRequests(manifest: ModelManifest, labelledOf: OwnPlaces['labelledOf']) {
  const train: Split['train'][number][] = [];
  const used: UsedSet[] = [];
  const missing: string[] = [];
  for (const { name, role, sha256 } of manifest.data) {
    const [, request] = /^feedback\/([0-9a-z-]+)$/.exec(name) ?? [];
    if (request === undefined || role !== 'train') continue;
    const path = labelledOf(request);
    if ((await hashOf(path)) !== sha256) missing.push(name);
    else {
      // Its newest part was held out then; it is old by now.
      const { train: examples } = collect(await readLabelled(path), answeringOf(manifest), {
        recentShare: 0,
        calibrationShare: 0,
      });
      train.push(...examples);
      used.push(feedbackSet(request, 'train', examples.length, sha256));
    }
  }
  return { train, used, missing };
}

/** SHA-256 of a file; null where it cannot be read: it is kept for a while only. */
async function hashOf(path: string): Promise<string | null> {
  const hash = createHash('sha256');
  try {
    for await (const piece of createReadStream(path)) hash.update(piece as Buffer);
    return hash.digest('hex');
  } catch {
    return null;
  }
}

/** How a manifest names labels of a request. */
export const feedbackSet = (
  request: string,
  role: 'train' | 'calibration' | 'test',
  rows: number,
  sha256: string,
): UsedSet => ({
  set: {
    file: role === 'test' ? `${feedbackName(request)}/recent` : feedbackName(request),
    role,
    licence: 'not to be passed on',
    source: 'labels of messages, by feedback',
    shipped: false,
    examples: () => [],
  },
  rows,
  sha256,
  manifest: sha256,
});

export const answeringOf = ({ labels, activation }: ModelManifest): Answering => ({ labels, activation });
