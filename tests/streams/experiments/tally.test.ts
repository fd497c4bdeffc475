// The arms of an experiment counted from rows that are put there by hand: every part once, labels by their rules.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openEmbeddedClickhouse } from '../../../connectors/clickhouse/embedded.ts';
import { applyMigrations, readMigrations } from '../../../connectors/clickhouse/migrations.ts';
import type { ArmTally } from '../../../processors/experiments/decision.ts';
import type { Prediction, Result } from '../../../schemas/prediction.ts';
import { tallyOf } from '../../../streams/experiments/tally.ts';
import {
  feedbackOf,
  predictionOf,
  resultOf,
  storeFeedback,
  storePredictions,
} from '../../connectors/clickhouse/stored.ts';

const directory = await mkdtemp(join(tmpdir(), 'millrace-tally-'));
const clickhouse = await openEmbeddedClickhouse({ directory });
after(async () => {
  await clickhouse.close();
  await rm(directory, { recursive: true, force: true });
});
await applyMigrations(clickhouse, await readMigrations());

const began = 1_763_722_800_000;
/** When what came for the topic was accepted decides, and not when it happened: streams of old texts are played, too. */
const happened = Date.UTC(2011, 3, 1);
const arms = {
  control: { task: 'task', release: 'task@1.0.0', activation: 'softmax', abstainBelow: 0.6 },
  treatment: { task: 'task', release: 'task@1.1.0', activation: 'softmax' },
} as const;

const own = (label: string, arm: Result['arm'] = 'control', confidence = 0.75) =>
  resultOf('task@1.0.0', label, { arm, confidence });
const other = (label: string, arm: Result['arm'] = 'shadow', confidence = 0.875) =>
  resultOf('task@1.1.0', label, { arm, confidence });
const silence = { ...other('', 'shadow', 0), labels: [], probabilities: [] };
const bystander = resultOf('language@2.0.0', 'en', { arm: null });

const said = (id: string, acceptedAt: number, ...results: Prediction['results']) =>
  predictionOf(id, happened, [bystander, ...results], { ingestTime: acceptedAt });
const canaried = began + 60_000;

test('counts each message once, in the part it has, and labels of both', async () => {
  await storePredictions(clickhouse, [
    said('before', began - 1, own('yes'), other('no')),
    said('s1', began, own('yes'), other('yes')),
    said('s2', began + 1, own('yes', 'control', 0.5), other('no')),
    said('s2', began + 2, own('yes'), other('yes')),
    said('s3', began + 3, own('no'), other('yes')),
    said('s4', began + 4, own('no'), other('yes')),
    said('s5', began + 5, own('no'), other('no')),
    said('lost', began + 6, own('no'), silence),
    said('unwatched', began + 7, own('no', null)),
    said('c1', canaried, own('yes')),
    said('c2', canaried + 1, own('no')),
    said('t1', canaried + 2, other('yes', 'treatment')),
    said('t2', canaried + 3, other('no', 'treatment')),
    said('late', canaried + 4, own('no'), silence),
  ]);
  const label = (messageId: string, text: string) =>
    feedbackOf(`f-${messageId}`, messageId, { eventTime: began, label: text, by: 'reviewer' });
  const thumb = (messageId: string, agrees: boolean) =>
    feedbackOf(`f-${messageId}`, messageId, { eventTime: began, agrees, by: 'user' });
  await storeFeedback(clickhouse, [
    label('s1', 'yes'),
    label('s2', 'yes'),
    label('s3', 'yes'),
    // Of three labels or more, this says nothing of what the other one answered.
    thumb('s4', false),
    thumb('s5', false),
    label('c1', 'yes'),
    label('c2', 'yes'),
    thumb('t1', true),
    label('t2', 'yes'),
    label('unwatched', 'yes'),
  ]);
  const { shadow, canary, flips, span } = await tallyOf(
    clickhouse,
    { shadowedAt: began, canariedAt: canaried },
    arms,
  );
  assert.deepEqual(shadow.control, {
    ...{ messages: 6, labelled: 4, correct: 2, confidenceSum: 5 * 0.75 + 0.5, abstained: 1, errors: 0 },
  });
  assert.deepEqual(shadow.treatment, {
    ...{ messages: 6, labelled: 4, correct: 2, confidenceSum: 5 * 0.875, abstained: 0, errors: 1 },
    ...{ compared: 5, disagreements: 3 },
  });
  assert.deepEqual(shadow.pairs, { bothCorrect: 1, controlOnly: 1, treatmentOnly: 1, bothWrong: 1 });
  assert.deepEqual(canary.control, {
    ...{ messages: 2, labelled: 2, correct: 1, confidenceSum: 1.5, abstained: 0, errors: 0 },
  });
  assert.deepEqual(canary.treatment, {
    ...{ messages: 3, labelled: 2, correct: 1, confidenceSum: 1.75, abstained: 0, errors: 1 },
  });
  assert.deepEqual(flips, [
    { from: 'no', to: 'yes', messages: 2 },
    { from: 'yes', to: 'no', messages: 1 },
  ]);
  assert.deepEqual(span, { from: happened, to: happened + 1 });
});

test('an experiment that nothing has come of yet has counted nothing', async () => {
  const tally = await tallyOf(clickhouse, { shadowedAt: canaried + 60_000, canariedAt: null }, arms);
  assert.equal(tally.shadow.treatment.messages + tally.canary.treatment.messages, 0);
  assert.equal(tally.span, null);
});

test('of scores, what is far off differs', async () => {
  const scores = { control: { ...arms.control, activation: 'identity' }, treatment: arms.treatment } as const;
  const { shadow } = await tallyOf(clickhouse, { shadowedAt: began, canariedAt: canaried }, scores);
  assert.equal(shadow.treatment.disagreements, 1);
  assert.equal(shadow.treatment.confidenceSum, 6);
});

test('of two experiments at once, each counts its own, whichever stage the other is in', async () => {
  const start = began + 3_600_000;
  const [ownCanary, otherCanary] = [start + 10_000, start + 20_000];
  const third = (label: string, arm: Result['arm'] = 'shadow', confidence = 0.625) =>
    resultOf('task@1.2.0', label, { arm, confidence });
  const thirdSilence = { ...third('', 'shadow', 0), labels: [], probabilities: [] };
  await storePredictions(clickhouse, [
    // Both in shadow, the second one of a share of the keys: the third message it did not watch.
    said('both1', start, own('yes'), other('yes'), third('no')),
    said('both2', start + 1, own('yes'), other('no'), third('yes')),
    said('both3', start + 2, own('yes'), other('no')),
    said('both4', start + 3, own('yes'), silence, third('yes')),
    // The first one in canary, the second one in shadow.
    said('mixed1', ownCanary, own('yes'), third('no')),
    said('mixed2', ownCanary + 1, own('yes')),
    said('mixed3', ownCanary + 2, other('yes', 'treatment')),
    said('mixed4', ownCanary + 3, own('yes'), silence),
    said('mixed5', ownCanary + 4, own('yes'), thirdSilence),
    // Both in canary.
    said('canary1', otherCanary, own('no')),
    said('canary2', otherCanary + 1, other('no', 'treatment')),
    said('canary3', otherCanary + 2, third('no', 'treatment')),
    said('canary4', otherCanary + 3, third('yes', 'treatment')),
    said('canary5', otherCanary + 4, own('no'), thirdSilence),
  ]);
  const ids = [
    ...['both1', 'both2', 'both3', 'mixed1', 'mixed2', 'mixed3'],
    ...['canary1', 'canary2', 'canary3', 'canary4'],
  ];
  await storeFeedback(
    clickhouse,
    ids.map((id) => feedbackOf(`f-${id}`, id, { eventTime: start, label: 'yes', by: 'reviewer' })),
  );
  const counted = async (treatment: string, canariedAt: number) => {
    const { shadow, canary } = await tallyOf(
      clickhouse,
      { shadowedAt: start, canariedAt },
      { control: arms.control, treatment: { ...arms.treatment, release: treatment } },
    );
    const { bothCorrect, controlOnly, treatmentOnly, bothWrong } = shadow.pairs;
    const shown = ({ messages, labelled, correct, errors }: ArmTally) => [
      ...[messages, labelled, correct, errors],
    ];
    return {
      shadow: shown(shadow.treatment),
      pairs: [bothCorrect, controlOnly, treatmentOnly, bothWrong],
      control: shown(canary.control),
      treatment: shown(canary.treatment),
    };
  };
  assert.deepEqual(await counted('task@1.1.0', ownCanary), {
    shadow: [4, 3, 1, 1],
    pairs: [1, 2, 0, 0],
    // mixed1, mixed2, mixed5, canary1, and canary5, which the control served for the other one.
    control: [5, 3, 2, 0],
    treatment: [3, 2, 1, 1],
  });
  assert.deepEqual(await counted('task@1.2.0', otherCanary), {
    shadow: [5, 3, 1, 1],
    pairs: [1, 2, 0, 0],
    control: [1, 1, 0, 0],
    treatment: [3, 2, 1, 1],
  });
});
