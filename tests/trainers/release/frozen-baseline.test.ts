// Frozen baselines: kind by kind on the same edges, every feature on its fixed bins, and the shipped ones again.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import { loadRelease, openModelStore } from '../../../connectors/model-store.ts';
import { createVector } from '../../../processors/features/vector.ts';
import { loadModel } from '../../../processors/inference/load-model.ts';
import type { Model } from '../../../processors/inference/model.ts';
import { type Baseline, baselineSchema } from '../../../schemas/baseline.ts';
import { featureBins } from '../../../schemas/feature-bins.ts';
import { featureAt, featureItems } from '../../../schemas/features.ts';
import type { ModelManifest } from '../../../schemas/model-manifest.ts';
import { textSketchSchema } from '../../../schemas/text-sketch.ts';
import { freezeBaselines, freezeTextBaselines } from '../../../trainers/release/frozen-baseline.ts';
import { referenceTexts } from '../../../trainers/release/reference-texts.ts';
import { wholeRelease } from '../../../trainers/release/whole-release.ts';

const store = openModelStore('models');
const noSplit = { calibration: [], tests: [] };
let language: Model;
before(async () => {
  language = await loadModel(await loadRelease(store, 'language'));
});
after(() => language.close());

const sum = (counts: readonly number[]): number => counts.reduce((all, count) => all + count, 0);

const comments = ['How good that is!', 'Nein, das war gar nichts 😀', 'so bad :('];
const prompts = ['Write a poem about the sea', 'List 3 examples, step by step'];

describe('frozen baselines', () => {
  it('count each kind of message by itself, on edges that both share', async () => {
    const kinds = [
      { messages: 'comment', texts: comments },
      { messages: 'prompt', texts: prompts },
    ] as const;
    const baselines = await freezeTextBaselines('some@1.0.0', language, kinds);
    for (const baseline of baselines) baselineSchema.parse(baseline);
    const find = (feature: string, messages: string) =>
      baselines.find((one) => one.feature === feature && one.messages === messages) as Baseline;
    for (const { name } of [{ name: 'length' }, ...featureItems]) {
      const [one, other] = [find(name, 'comment'), find(name, 'prompt')];
      assert.deepEqual(one.edges, other.edges, name);
      assert.deepEqual([one.samples, sum(one.counts)], [3, 3]);
      assert.deepEqual([other.samples, sum(other.counts)], [2, 2]);
    }
    assert.deepEqual(find('language', 'comment').bins, ['de', 'en']);
    assert.deepEqual(find('language', 'prompt').bins, ['en']);
    assert.deepEqual([...baselines.sketches.keys()], ['sketch-comment.json', 'sketch-prompt.json']);
  });

  it('count every feature as the features processor does', async () => {
    const baselines = await freezeTextBaselines('some@1.0.0', language, comments);
    const vector = createVector();
    for (const { name } of featureItems) {
      const { counts, edges, messages } = baselines.find(({ feature }) => feature === name)!;
      assert.equal(messages, undefined);
      assert.deepEqual(edges, featureBins[name]);
      const expected = edges.map(() => 0).concat(0);
      for (const text of comments) {
        const value = vector(text)[featureAt[name]]!;
        expected[edges.filter((edge) => edge <= value).length]!++;
      }
      assert.deepEqual(counts, expected, name);
    }
    assert.deepEqual([...baselines.sketches.keys()], ['sketch.json']);
  });

  it('are the shipped ones when they are frozen again, file for file', async () => {
    for (const [name, reference] of [
      ['language@2.0.0', ['comments', 'prompts']],
      ['sentiment-binary@1.0.0', ['comments']],
    ] as const) {
      const { manifest, files } = await store.whole(name);
      const model = name.startsWith('language@') ? language : await loadModel(await store.load(name));
      const texts = await referenceTexts({ reference }, noSplit, 'trainers/data');
      const baselines = await freezeBaselines(model, language, texts);
      const made = wholeRelease({ ...manifest, files: {} } as ModelManifest, new Map(), baselines);
      for (const [file, bytes] of made.files)
        assert.equal(
          Buffer.from(bytes).toString(),
          Buffer.from(files.get(file)!).toString(),
          `${name} ${file}`,
        );
      if (model !== language) await model.close();
    }
  });

  it('keep sketches that say nothing of the release: those of the same texts are the same file', async () => {
    const [one, other] = await Promise.all(
      ['sentiment/2.0.0', 'toxicity/2.0.0'].map((place) => readFile(`models/${place}/sketch-comment.json`)),
    );
    assert.ok(one!.equals(other!));
    assert.equal(textSketchSchema.parse(JSON.parse(one!.toString())).texts, 6_022);
  });
});

describe('the bins of features', () => {
  it('have edges that rise, and part the reference texts', async () => {
    assert.deepEqual(
      Object.keys(featureBins),
      featureItems.map(({ name }) => name),
    );
    for (const [name, edges] of Object.entries(featureBins))
      for (let at = 1; at < edges.length; at++) assert.ok(edges[at]! > edges[at - 1]!, name);
    const { baselines } = await store.load('language@2.0.0');
    for (const { feature, messages, counts, samples } of baselines) {
      if (!['characters', 'words', 'wordLength', 'rootTypeTokenRatio', 'readingEase'].includes(feature))
        continue;
      assert.ok(Math.max(...counts) < 0.35 * samples, `${feature} of a ${messages}: ${counts}`);
    }
  });
});
