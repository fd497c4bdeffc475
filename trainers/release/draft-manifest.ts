// The manifest of a release that was just trained, before its figures and hashes are known.
import type { ModelManifest, ModelRelease } from '../../schemas/model-manifest.ts';
import type { Split, UsedSet } from '../data-sets/split.ts';
import { createRandom } from '../random.ts';
import type { Task } from '../task.ts';
import type { Trained } from '../trainer.ts';
import { trainers } from '../trainers.ts';

/** What a training was done with. */
export interface Circumstances {
  readonly seed: number;
  /** The release it went on from. */
  readonly parent?: ModelRelease | undefined;
  /** Commit of the code. */
  readonly commit?: string | undefined;
}

/** The manifest without figures and hashes. */
export function draftManifest(
  task: Task,
  split: Split,
  { shape }: Trained,
  { seed, parent, commit }: Circumstances,
): ModelManifest {
  const { version, doc, labels, activation, groups, emptyLabel, targets, limits, training } = task;
  return {
    ...shape,
    task: task.task,
    version,
    release: `${task.task}@${version}`,
    doc,
    labels,
    activation,
    ...(groups === undefined ? {} : { groups }),
    emptyLabel,
    files: {},
    data: [...split.used.map(describeSet), ...describeWritten(task, seed)],
    figures: [],
    targets,
    limits,
    seed,
    parameters: trainers[training.kind].parameters.parse(training.parameters),
    ...(parent === undefined ? {} : { parent: parent.manifest.release }),
    ...(commit === undefined ? {} : { commit }),
  };
}

const describeSet = ({ set, rows, sha256, manifest }: UsedSet): ModelManifest['data'][number] => ({
  name: set.file,
  role: set.role,
  licence: set.licence,
  source: set.source,
  rows,
  sha256,
  manifest,
  shipped: set.shipped,
});

function describeWritten({ written }: Task, seed: number): ModelManifest['data'] {
  if (written === undefined) return [];
  const rows = written.examples(createRandom(seed)).length;
  const { name } = written;
  return [{ name, role: 'train', licence: 'Apache-2.0', source: 'this repository', rows, shipped: true }];
}
