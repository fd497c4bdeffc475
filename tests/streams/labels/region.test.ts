// Where a drift report saw a move, as far as predictions tell it of a message.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeBin } from '../../../processors/drift/bins.ts';
import { regionOf } from '../../../streams/labels/pool.ts';

const slice = (feature: string, bin: string, after = 1) => ({ feature, bin, before: 0.5, after });

test('slices that grew are read from their words', () => {
  const region = regionOf(
    [
      slice('length', 'below 10'),
      slice('length', '10 to 20.5'),
      slice('confidence', '0.9 or more'),
      slice('length', '30 or more', 0),
      slice('length', 'missing'),
      slice('label', 'toxic'),
      slice('vocabulary', 'new'),
    ],
    ['m1'],
  );
  assert.deepEqual(region, {
    labels: ['toxic'],
    languages: [],
    lengths: [
      [-1e9, 10],
      [10, 20.5],
    ],
    confidences: [[0.9, 1e9]],
    examples: ['m1'],
  });
});

test('the words are those that reports use', () => {
  const baseline = {
    release: 'task@1.0.0',
    feature: 'length',
    kind: 'numeric' as const,
    edges: [10, 20],
    bins: ['0', '1', '2'],
    counts: [1, 1, 1],
    samples: 3,
  };
  const spans = ['0', '1', '2'].map((bin) => regionOf([slice('length', describeBin(baseline, bin))]).lengths);
  assert.deepEqual(spans, [[[-1e9, 10]], [[10, 20]], [[20, 1e9]]]);
});
