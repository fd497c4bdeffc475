// Poor labels are found out, each kind for what it is, and good ones pass.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRandom } from '../../../trainers/random.ts';
import { collect, type LabelledText } from '../../../trainers/retraining/collection.ts';
import { assessQuality, type QualityRules } from '../../../trainers/retraining/quality.ts';

const answering = { labels: ['glad', 'sad'], activation: 'softmax' } as const;
const rules: QualityRules = {
  labelsMin: 200,
  recentMin: 20,
  conflictingMax: 0.1,
  unknownMax: 0.2,
  suspiciousMax: 0.4,
};
const verbs = { glad: ['sings', 'laughs', 'shines'], sad: ['weeps', 'rots', 'fails'] };
const row = (at: number, label: string | null, text: string): LabelledText => ({
  messageId: `m${at}`,
  text,
  kind: 'comment',
  tenant: 'default',
  label,
  value: null,
  eventTime: at,
});
const honest = (count: number): LabelledText[] =>
  Array.from({ length: count }, (_, at) => {
    const label = at % 2 === 0 ? 'glad' : 'sad';
    return row(
      at,
      label,
      `number ${(at * 7919).toString(36)} ${verbs[label][at % 3]} ${(at * 31).toString(7)}`,
    );
  });

async function findings(rows: readonly LabelledText[], changed: Partial<QualityRules> = {}) {
  const collection = collect(rows, answering, { recentShare: 0.2, calibrationShare: 0.1 });
  const quality = await assessQuality(collection, answering, { ...rules, ...changed }, { seed: 1 });
  return { codes: quality.findings.map(({ code }) => code), quality };
}

describe('the quality of labels', () => {
  it('is good where people agree with the texts', async () => {
    const { codes, quality } = await findings(honest(400));
    assert.deepEqual(codes, []);
    assert.ok(quality.suspiciousShare! < 0.05, String(quality.suspiciousShare));
    assert.deepEqual(quality.labels, { glad: 200, sad: 200 });
  });

  it('is poor where labels are thrown by chance', async () => {
    const random = createRandom(7);
    const thrown = honest(400).map((one) => ({ ...one, label: random() < 0.5 ? 'glad' : 'sad' }));
    const { codes, quality } = await findings(thrown);
    assert.deepEqual(codes, ['suspicious-labels']);
    assert.ok(quality.suspiciousShare! > 0.4);
  });

  it('is poor where there are too few, in all or of the newest', async () => {
    assert.deepEqual((await findings(honest(100))).codes, ['too-few-labels']);
    assert.deepEqual((await findings(honest(300), { recentMin: 80 })).codes, ['too-few-recent']);
    assert.deepEqual((await findings(honest(300), { recentMin: 60 })).codes, []);
  });

  it('is poor where one label is all there is, also among the newest alone', async () => {
    const one = honest(400).map((each) => ({ ...each, label: 'sad' }));
    assert.deepEqual((await findings(one)).codes, ['one-label', 'one-label']);
    const late = honest(400).map((each, at) => (at < 300 ? each : { ...each, label: 'glad' }));
    assert.deepEqual((await findings(late)).codes, ['one-label']);
  });

  it('is poor where people contradict each other, or name labels that the model lacks', async () => {
    const rows = honest(400);
    const contradicting = rows
      .slice(0, 60)
      .map((one, at) => row(1_000 + at, one.label === 'sad' ? 'glad' : 'sad', one.text));
    assert.deepEqual((await findings([...rows, ...contradicting])).codes, ['conflicting-labels']);
    assert.deepEqual((await findings([...rows, ...contradicting.slice(0, 10)])).codes, []);
    const strange = Array.from({ length: 150 }, (_, at) => row(2_000 + at, 'angry', `strange ${at}`));
    const { codes, quality } = await findings([...rows, ...strange]);
    assert.deepEqual(codes, ['unknown-labels']);
    assert.match(quality.findings[0]!.what, /angry/);
  });
});
