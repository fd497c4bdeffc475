// What people see: tables, bars, counts, percentiles.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Percentiles } from '../../streams/percentiles.ts';
import { bar, count, table } from '../../streams/terminal.ts';

test('tables align text to the left and numbers to the right, wide characters included', () => {
  const rows = [
    { text: '面白い', comments: 7 },
    { text: 'ok', comments: 12_345 },
    { text: null, comments: 0.123456 },
  ];
  assert.equal(
    table(rows),
    'text    comments\n──────  ────────\n面白い         7\nok         12345\n–         0.1235\n',
  );
  assert.equal(table([]), '(no rows)\n');
});

test('cells stay on one line and have an end', () => {
  const [, , cell = ''] = table([{ text: `a\n\tb ${'x'.repeat(200)}` }]).split('\n');
  assert.match(cell, /^a b x+…$/);
  assert.equal(cell.length, 80);
});

test('bars are drawn in eighths and never leave their columns', () => {
  assert.deepEqual(
    [0, 0.5, 1, 2, -1].map((share) => bar(share, 4)),
    ['', '██', '████', '████', ''],
  );
  assert.equal(bar(1 / 32, 4), '▏');
  assert.equal(count(1_234_567.4), '1,234,567');
});

test('percentiles are those of the nearest rank', () => {
  const percentiles = new Percentiles();
  assert.equal(percentiles.at(0.5), null);
  for (let value = 5_000; value >= 1; value -= 1) percentiles.add(value);
  assert.deepEqual(
    [0, 0.5, 0.99, 1].map((share) => percentiles.at(share)),
    [1, 2_500, 4_950, 5_000],
  );
});
