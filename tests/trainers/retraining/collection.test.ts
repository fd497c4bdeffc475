// Labelled messages made ready to learn from: parted by time, one answer a text, nothing judged on is learned.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { collect, type LabelledText, withoutHeld } from '../../../trainers/retraining/collection.ts';

const answering = { labels: ['no', 'yes'], activation: 'softmax' } as const;
const parting = { recentShare: 0.2, calibrationShare: 0.1 };

const row = (at: number, said: Partial<LabelledText> = {}): LabelledText => ({
  messageId: `m${at}`,
  text: `message ${at} about ${(at * 7919).toString(36)} and ${(at * 104_729).toString(36)}`,
  kind: 'comment',
  tenant: 'default',
  label: at % 2 === 0 ? 'yes' : 'no',
  value: null,
  eventTime: at,
  ...said,
});
const rows = Array.from({ length: 500 }, (_, at) => row(at));
const textsOf = (examples: readonly { readonly text: string }[]) => examples.map(({ text }) => text);

describe('a collection', () => {
  it('holds out the newest messages whatever order they come in, and learns from all others', () => {
    const { train, calibration, recent, counts } = collect([...rows].reverse(), answering, parting);
    assert.deepEqual(
      textsOf(recent),
      rows.slice(400).map(({ text }) => text),
    );
    assert.equal(train.length + calibration.length, 400);
    assert.ok(calibration.length > 20 && calibration.length < 70, `${calibration.length}`);
    assert.equal(counts.used, 500);
    const learned = new Set(textsOf([...train, ...calibration]));
    assert.ok(recent.every(({ text }) => !learned.has(text)));
  });

  it('is the same in whatever order the rows come', () => {
    const shuffled = [...rows].sort((a, b) => (a.text < b.text ? -1 : 1));
    assert.deepEqual(collect(shuffled, answering, parting), collect(rows, answering, parting));
  });

  it('cleans texts as serving does, and counts what says nothing', () => {
    const { train, counts } = collect(
      [
        row(1, { text: '  a\u200b lovely \n\n day ' }),
        row(2, { text: '\u0000 \t' }),
        row(3, { label: null, value: 70 }),
        row(4, { label: 'perhaps' }),
        row(5, { label: 'perhaps' }),
      ],
      answering,
      { recentShare: 0, calibrationShare: 0 },
    );
    assert.deepEqual(textsOf(train), ['a lovely\nday']);
    assert.deepEqual(counts, {
      read: 5,
      empty: 1,
      unanswered: 1,
      unknownLabels: { perhaps: 2 },
      conflicting: 0,
      repeated: 0,
      near: 0,
      used: 1,
    });
  });

  it('leaves out texts with several answers, and keeps the newest of those that come again', () => {
    const { train, recent, counts } = collect(
      [
        row(1, { text: 'Good morning!', label: 'yes' }),
        row(2, { text: 'good  morning', label: 'no' }),
        row(3, { text: 'so it goes', label: 'no' }),
        row(4),
        row(5),
        row(6, { text: 'So it goes.', label: 'no' }),
      ],
      answering,
      { recentShare: 0.34, calibrationShare: 0 },
    );
    assert.equal(counts.conflicting, 2);
    assert.equal(counts.repeated, 1);
    assert.deepEqual(textsOf(recent), ['So it goes.']);
    assert.equal(train.length, 2);
  });

  it('does not learn from what is nearly the same as a text that is judged on', () => {
    const long = 'the committee will meet again on thursday to talk about the budget of next year';
    const { train, counts } = collect(
      [row(1, { text: `${long}!!` }), row(2), row(3), row(4), row(5, { text: `RT ${long}` })],
      answering,
      { recentShare: 0.2, calibrationShare: 0 },
    );
    assert.equal(counts.near, 1);
    assert.equal(train.length, 3);
    const held = [{ text: `so ${long}`, labels: [] }];
    assert.deepEqual(textsOf(withoutHeld([{ text: long, labels: [] }, ...train], held)), textsOf(train));
  });

  it('reads scores where the model scores', () => {
    const { train, counts } = collect(
      [row(1), row(2, { label: null, value: 35 })],
      { labels: ['score'], activation: 'identity' },
      { recentShare: 0, calibrationShare: 0 },
    );
    assert.deepEqual(
      train.map(({ values }) => values),
      [[35]],
    );
    assert.equal(counts.unanswered, 1);
  });
});
