// The language task: its groups and its short texts are what they claim to be.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRows } from '../../../trainers/data-sets/rows.ts';
import { language } from '../../../trainers/tasks/language.ts';
import { languages, mostUsed, relatives } from '../../../trainers/tasks/languages.ts';

const rowsOf = (file: string) => readRows(`trainers/data/${file}.jsonl.gz`);

test('groups and the most used languages are among the 79, and none is in two groups', () => {
  const known = new Set(languages);
  assert.equal(known.size, 79);
  assert.equal(new Set(mostUsed).size, 25);
  const grouped = Object.values(relatives).flat();
  assert.equal(new Set(grouped).size, grouped.length);
  for (const code of [...grouped, ...mostUsed]) assert.ok(known.has(code), code);
  assert.deepEqual(language.groups, relatives);
});

test('pairs and words are pieces of sentences in the same language, none of which is learned from', async () => {
  const sentences = new Map<string, string>();
  for (const { text, label } of await rowsOf('lid/dev')) {
    sentences.set(String(label), `${sentences.get(String(label)) ?? ''}\n${text}`);
  }
  for (const [file, words] of [
    ['pairs', 2],
    ['words', 1],
  ] as const) {
    const rows = await rowsOf(`lid_crops/${file}`);
    assert.ok(rows.length > 10_000);
    for (const { text, label } of rows) {
      assert.ok(sentences.get(String(label))!.includes(String(text)), `${text} (${label})`);
      const found = String(text).match(/[\p{L}\p{M}]+(?:['’ʼ-][\p{L}\p{M}]+)*/gu)!;
      assert.equal(found.length, words, String(text));
      if (words === 1) assert.ok(String(text).match(/\p{L}/gu)!.length >= 3, String(text));
    }
  }
  const roles = language.dataSets.filter(({ role }) => role === 'train').map(({ file }) => file);
  assert.deepEqual(roles, ['lid/train']);
});

test('the sentences of the most used languages are those of lid/dev', async () => {
  const expected = (await rowsOf('lid/dev')).filter(({ label }) => mostUsed.includes(String(label)));
  assert.deepEqual(await rowsOf('lid_most_used/dev'), expected);
});
