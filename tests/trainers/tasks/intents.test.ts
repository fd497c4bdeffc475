// The intent tasks: their labels are those of the data, and every query in scope has one domain.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadSet } from '../../../trainers/data-sets/split.ts';
import type { Task } from '../../../trainers/task.ts';
import { assistantIntent } from '../../../trainers/tasks/assistant-intent.ts';
import { bankingIntent } from '../../../trainers/tasks/banking-intent.ts';
import { deviceIntent } from '../../../trainers/tasks/device-intent.ts';

const directories = { data: 'trainers/data', samples: 'samples' };
const sizes: readonly (readonly [task: Task, labels: number, rows: readonly number[]])[] = [
  [assistantIntent, 151, [15_100, 3_100, 5_500]],
  [bankingIntent, 77, [10_003, 3_080]],
  [deviceIntent, 64, [9_960, 1_076]],
];

for (const [task, labels, rows] of sizes) {
  test(`${task.task}: every label occurs in every set, and no other does`, async () => {
    assert.equal(new Set(task.labels).size, labels);
    for (const [index, set] of task.dataSets.entries()) {
      const { examples } = await loadSet(set, directories);
      assert.equal(examples.length, rows[index]);
      assert.deepEqual(new Set(examples.flatMap((example) => example.labels)), new Set(task.labels));
    }
  });
}

test('the domains hold every intent once, and queries out of scope are told apart', async () => {
  const grouped = Object.values(assistantIntent.groups!).flat();
  assert.equal(Object.keys(assistantIntent.groups!).length, 10);
  assert.deepEqual([...grouped, 'oos'].sort(), assistantIntent.labels);
  const { examples } = await loadSet(assistantIntent.dataSets[2]!, directories);
  const scopes = examples.map(({ slices }) => slices!.scope);
  assert.equal(scopes.filter((scope) => scope === 'out of scope').length, 1_000);
  assert.equal(scopes.filter((scope) => scope === 'in scope').length, 4_500);
});
