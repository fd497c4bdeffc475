// What the pipeline says about the sample comments has not changed by a bit: work on its speed is held to this. Values
// that ONNX Runtime rounds, which is the machine’s own affair, are left out: probabilities come from a plain formula.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { topicFormat } from '../../connectors/wire/format.ts';
import { createFeatures } from '../../processors/features/features.ts';
import type { Answers } from '../../processors/inference/engine.ts';
import { createInference } from '../../processors/inference/inference.ts';
import { loadLinearModel } from '../../processors/inference/linear-model.ts';
import { createScoring } from '../../processors/scoring/scoring.ts';
import type { Features } from '../../schemas/features.ts';
import type { LoadableModel } from '../../schemas/model-manifest.ts';
import type { Outcome } from '../../schemas/outcome.ts';
import { predictions } from '../../schemas/prediction.ts';
import { scores } from '../../schemas/score.ts';
import type { Message, Topic } from '../../schemas/topic.ts';
import { readRows, textOf } from '../../trainers/data-sets/rows.ts';

const expected = JSON.parse(readFileSync('tests/golden/comments/digests.json', 'utf8')) as Readonly<
  Record<string, string>
>;
const texts = (await readRows('samples/comments.jsonl.gz')).map(textOf);
const features = await featuresOf(texts);
const answers = await Promise.all(
  ['sentiment@2.0.0', 'toxicity@2.0.0', 'emotion@2.0.0'].map((release) => answersOf(release)),
);

function expectDigest(name: string, content: NodeJS.ArrayBufferView | string): void {
  const digest = createHash('sha256').update(content).digest('hex');
  assert.equal(digest, expected[name], `${name} of the sample comments`);
}

function outputsOf<Out>(outcomes: readonly Outcome<Out>[]): Out[] {
  return outcomes.flatMap((outcome) => (outcome.kind === 'ok' ? outcome.outputs : []));
}

async function featuresOf(texts: readonly string[]): Promise<readonly Features[]> {
  const batch = texts.map((text, at) => ({
    kind: 'comment' as const,
    message: {
      id: `comment-${at}`,
      tenant: 'default',
      eventTime: 1_700_000_000_000 + at,
      ingestTime: 1_700_000_000_050 + at,
      source: 'samples',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      text,
      author: null,
      thread: null,
    },
  }));
  return outputsOf(await createFeatures()(batch));
}

/** Scores of a released model, and shares of what is above their least in place of its probabilities. */
async function answersOf(release: string): Promise<Answers & { readonly logits: Float32Array }> {
  const folder = `models/${release.replace('@', '/')}`;
  const manifest = JSON.parse(
    readFileSync(`${folder}/manifest.json`, 'utf8'),
  ) as LoadableModel<'linear'>['manifest'];
  const files = new Map([['model.onnx', readFileSync(`${folder}/model.onnx`)]]);
  const model = await loadLinearModel({ manifest, files });
  const logits = model.logits(model.prepare(features.map(({ text }) => text)));
  await model.close();
  const { task, labels, activation, confidence: curve, emptyLabel } = manifest;
  const probabilities = new Float32Array(logits.length);
  for (let start = 0; start < logits.length; start += labels.length) {
    const row = [...logits.subarray(start, start + labels.length)];
    const least = Math.min(...row);
    const whole = row.reduce((sum, value) => sum + (value - least), 0);
    row.forEach((value, label) => {
      probabilities[start + label] = whole > 0 ? (value - least) / whole : 0;
    });
  }
  return { task, release, labels, activation, curve, emptyLabel, probabilities, logits };
}

const avroOf = <Out extends Message>(topic: Topic, messages: readonly Out[]): Buffer => {
  const { avroType } = topicFormat(topic);
  return Buffer.concat(messages.map((message) => avroType.toBuffer(message)));
};

test('cleaned texts and features', () => {
  assert.equal(features.length, texts.length);
  expectDigest('features', JSON.stringify(features));
});

test('scores of the linear models, before they are probabilities', () => {
  for (const { task, logits } of answers) expectDigest(task, logits);
});

test('predictions and scores, as they are written', async () => {
  const tasks = { comment: answers.map(({ task }) => task), prompt: [] };
  const predicted = outputsOf(
    await createInference({ engine: { predict: async () => answers }, tasks })(features),
  );
  expectDigest('predictions', avroOf(predictions, predicted));
  const scoring = createScoring({ toxicityThreshold: 0.5, toxicityThresholds: { de: 0.6 } });
  expectDigest('scores', avroOf(scores, outputsOf(await scoring(predicted))));
});
