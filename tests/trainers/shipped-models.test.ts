// The shipped releases: whole, small, and as good on their held-out rows as their manifests say.
import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import { test } from 'node:test';
import { listReleases, loadRelease } from '../../connectors/model-store.ts';
import { loadModel } from '../../processors/inference/load-model.ts';
import { loadSet } from '../../trainers/data-sets/split.ts';
import { judgeModel } from '../../trainers/evaluation/judge.ts';
import { printCard } from '../../trainers/release/card.ts';
import { tasks } from '../../trainers/tasks/tasks.ts';

const directories = { data: 'trainers/data', samples: 'samples' };

test('every task has a release, and all of them are below 25 MB', async () => {
  const manifests = await listReleases('models');
  assert.deepEqual(new Set(manifests.map(({ task }) => task)), new Set(tasks.map(({ task }) => task)));
  let bytes = 0;
  for (const { task, version } of manifests)
    bytes += (await stat(`models/${task}/${version}/model.onnx`)).size;
  assert.ok(bytes < 25e6, `${bytes} bytes`);
});

for (const task of tasks) {
  test(`${task.task}: figures, card, data and baselines are what the release says`, async () => {
    const release = await loadRelease('models', `${task.task}@${task.version}`);
    const { manifest } = release;
    const model = await loadModel(release);
    for (const set of task.dataSets.filter(({ role, shipped }) => role === 'test' && shipped)) {
      const { examples } = await loadSet(set, directories);
      const measured = await judgeModel(model, set, examples.slice(0, 6_000));
      const claimed = manifest.figures.find((figures) => figures.set === set.file)!;
      // Rounding may differ between machines in a few rows, and the largest set is judged in part.
      const tolerance = examples.length > 6_000 ? 0.01 : 0.002;
      assert.equal(claimed.samples, examples.length);
      assert.ok(
        Math.abs(measured.accuracy - claimed.accuracy) <= tolerance,
        `${set.file}: ${measured.accuracy}`,
      );
    }
    await model.close();
    for (const { name, sha256 } of manifest.data.filter(
      ({ shipped, sha256 }) => shipped && sha256 !== undefined,
    )) {
      const set = task.dataSets.find(({ file }) => file === name)!;
      assert.equal((await loadSet(set, directories)).sha256, sha256, name);
    }
    const folder = `models/${task.task}/${task.version}`;
    assert.equal(
      await readFile(`${folder}/card.md`, 'utf8'),
      printCard(manifest, release.files.get('model.onnx')!.length),
    );
    assert.deepEqual(
      release.baselines.map(({ feature }) => feature),
      ['label', 'confidence', 'length', 'language'],
    );
    assert.ok(release.baselines.every((baseline) => baseline.release === manifest.release));
  });
}
