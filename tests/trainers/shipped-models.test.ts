// The shipped releases: whole, small, and as good on their held-out rows as their manifests say.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { listReleases, loadRelease } from '../../connectors/model-store.ts';
import { loadModel } from '../../processors/inference/load-model.ts';
import { featureItems } from '../../schemas/features.ts';
import type { Figures } from '../../schemas/model-figures.ts';
import type { ModelRelease } from '../../schemas/model-manifest.ts';
import { sketchFile } from '../../schemas/text-sketch.ts';
import { loadSet } from '../../trainers/data-sets/split.ts';
import { judgeModel } from '../../trainers/evaluation/judge.ts';
import { printCard } from '../../trainers/release/card.ts';
import { servedBytes } from '../../trainers/release/whole-release.ts';
import type { Task } from '../../trainers/task.ts';
import { tasks } from '../../trainers/tasks/tasks.ts';

const directories = { data: 'trainers/data', samples: 'samples' };
const judgedRowsMax = 2_500;

const texts = ['length', 'language', ...featureItems.map(({ name }) => name)];
const features: Readonly<Partial<Record<string, readonly string[]>>> = { expander: [], ranker: texts };
const kindOf = { comments: 'comment', prompts: 'prompt' } as const;

test('every task has a release, and all of them are below 50 MB', async () => {
  const manifests = await listReleases('models');
  assert.deepEqual(new Set(manifests.map(({ task }) => task)), new Set(tasks.map(({ task }) => task)));
  let bytes = 0;
  for (const { release } of manifests) bytes += servedBytes((await loadRelease('models', release)).files);
  assert.ok(bytes < 50e6, `${bytes} bytes`);
});

/** The figure that a set is known by: where values are ranked or predicted, accuracy says nothing. */
const leadingFigure = ({ mrr, spearman, accuracy }: Figures): number => mrr ?? spearman ?? accuracy;

async function assertFigures(task: Task, release: ModelRelease): Promise<void> {
  const model = await loadModel(release);
  for (const set of task.dataSets.filter(({ role, shipped }) => role === 'test' && shipped)) {
    const { examples } = await loadSet(set, directories);
    const claimed = release.manifest.figures.find((figures) => figures.set === set.file);
    assert.equal(claimed?.samples, examples.length, set.file);
    const step = Math.ceil(examples.length / judgedRowsMax);
    // Not the first so many: rows may be ordered by label, and rankings need every candidate of a question.
    const judged = step === 1 ? examples : examples.filter((_, row) => row % step === 0);
    const measured = await judgeModel(model, set, judged);
    // Rounding may differ between machines in a few rows, and the largest sets are judged in part.
    const tolerance = examples.length > judgedRowsMax ? 0.025 : 0.004;
    const difference = Math.abs(leadingFigure(measured) - leadingFigure(claimed));
    assert.ok(difference <= tolerance, `${set.file}: ${leadingFigure(measured)}`);
  }
  await model.close();
}

for (const task of tasks) {
  test(`${task.task}: figures, card, data and baselines are what the release says`, async () => {
    const release = await loadRelease('models', `${task.task}@${task.version}`);
    const { manifest } = release;
    if (manifest.kind !== 'expander') await assertFigures(task, release);
    for (const { name, sha256, shipped } of manifest.data) {
      const set = task.dataSets.find(({ file }) => file === name);
      if (!shipped || set === undefined) continue;
      assert.equal((await loadSet(set, directories)).sha256, sha256, name);
    }
    const card = await readFile(`models/${task.task}/${task.version}/card.md`, 'utf8');
    assert.equal(card, printCard(manifest, servedBytes(release.files)));
    const messages = task.reference.length === 0 ? [undefined] : task.reference.map((name) => kindOf[name]);
    assert.deepEqual(
      release.baselines.map((baseline) => [baseline.messages, baseline.feature]),
      messages.flatMap((kind) =>
        (features[manifest.kind] ?? ['label', 'confidence', ...texts]).map((feature) => [kind, feature]),
      ),
    );
    for (const kind of manifest.kind === 'expander' ? [] : messages)
      assert.ok(sketchFile(kind) in manifest.files, `${sketchFile(kind)} is missing`);
    assert.ok(release.baselines.every((baseline) => baseline.release === manifest.release));
  });
}
