// The releases that the loop begins with: the first champion, learned from the past, the language model beside it, and
// a candidate that is bad on purpose.
import { Readable } from 'node:stream';
import { type ModelStore, openModelStore } from '../../connectors/model-store.ts';
import { addDataSet } from '../../trainers/data-sets/addition.ts';
import { openDataSet } from '../../trainers/data-sets/open.ts';
import { tailored } from '../../trainers/options.ts';
import { declareTask } from '../../trainers/tasks/declared-task.ts';
import { train } from '../../trainers/train.ts';
import type { LabelledText, Material } from './material.ts';

export const task = 'sentiment';
export const championVersion = '1.0.0';
export const badVersion = '9.0.0';

/** The models of Millrace itself: the loop needs its language model. */
const shipped = new URL('../../models', import.meta.url).pathname;

export interface Places {
  /** Folder of the releases of the loop. */
  readonly models: string;
  /** Store of data sets: `sets` in the data directory, where the trainer looks. */
  readonly sets: string;
}

/** Publishes what the loop begins with; what is there already is left. */
export async function prepareReleases(material: Material, places: Places): Promise<void> {
  const store = openModelStore(places.models);
  const known = await store.list().catch(() => []);
  const has = (release: string) => known.some((manifest) => manifest.release === release);
  if (!known.some((manifest) => manifest.task === 'language'))
    await store.publish(await openModelStore(shipped).whole('language'));
  if (!has(`${task}@${championVersion}`))
    await publish(store, places, {
      rows: material.past,
      set: `${material.name}-past`,
      version: championVersion,
    });
  // Without a champion the highest version would serve, which is the bad one.
  if ((await store.aliases(task)).aliases.champion === undefined)
    await store.changeAliases(task, () => ({ champion: championVersion }), {
      by: 'loop',
      why: 'the first champion',
    });
  if (!has(`${task}@${badVersion}`))
    await publish(store, places, {
      rows: exchanged(material.past.slice(0, 4_000)),
      set: `${material.name}-wrong`,
      version: badVersion,
    });
}

interface Training {
  readonly rows: readonly LabelledText[];
  readonly set: string;
  readonly version: string;
}

async function publish(store: ModelStore, { sets }: Places, { rows, set, version }: Training): Promise<void> {
  await addDataSet({
    draft: {
      name: set,
      version: '1.0.0',
      doc: `What the loop’s release ${task}@${version} learns from.`,
      licence: 'as its source',
      source: 'load-tests/loop',
      ships: false,
      kind: 'classification',
      columns: { text: 'text', label: 'label' },
      splits: { by: 'hash', seed: 1, shares: { train: 0.8, dev: 0.1, test: 0.1 } },
    },
    sources: [{ name: 'rows.jsonl', rows: Readable.from(rows.map(({ text, label }) => ({ text, label }))) }],
    store: sets,
  });
  const found = await openDataSet(`${set}@1.0.0`, { folders: [], store: sets });
  const declared = await declareTask(task, version, found, 1);
  await store.publish(
    await train(tailored(declared.task, 'linear', []), {
      seed: 1,
      stores: [store],
      split: declared.split,
    }),
  );
}

/** Every label is told as the next one. */
function exchanged(rows: readonly LabelledText[]): readonly LabelledText[] {
  const labels = [...new Set(rows.map(({ label }) => label))].sort();
  return rows.map((row) => ({ ...row, label: labels[(labels.indexOf(row.label) + 1) % labels.length]! }));
}
