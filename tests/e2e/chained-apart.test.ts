// Chained in memory or apart with topics in between: the same rows.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recordOf, scratchDirectory, startRunning } from './running.ts';

const time = Date.UTC(2026, 0, 2, 3, 4, 5);
const comments = [
  'I love this, thank you so much!',
  'You are an idiot and everybody hates you.',
  'Das ist ein sehr schöner Tag, findest du nicht?',
  'これはとても面白い映画でした。',
  'Это было ужасно.',
  '😀😀😀',
  'meh',
].map((text, index) =>
  recordOf({ id: `c${index}`, text, eventTime: time, ingestTime: time, source: 'test' }, `c${index}`),
);
const prompts = [
  'Write a haiku about the sea in JSON, with three examples and 17 words each.',
  'what is my bank balance',
  'Explain step by step why the sky is blue. Use bullet points:\n- physics\n- history',
].map((text, index) =>
  recordOf({ id: `p${index}`, text, eventTime: time, ingestTime: time, source: 'test' }, `p${index}`),
);

/** All rows of a table less what names the place in the log, as JSON lines. */
async function rowsIn(mode: string): Promise<Record<string, string>> {
  const directory = scratchDirectory();
  const running = await startRunning(directory.path, {
    MILLRACE_MODE: mode,
    MILLRACE_PUBLISH_FEATURES: 'true',
  });
  try {
    await running.stack.log.publish([
      { topic: 'comments', records: [...comments, recordOf('broken', 'broken')] },
      { topic: 'prompts', records: prompts },
    ]);
    await running.settled();
    const rows: Record<string, string> = {};
    for (const table of ['comments', 'prompts', 'features', 'predictions', 'scores']) {
      const bytes = await running.stack.clickhouse.format(
        `SELECT * EXCEPT (_topic, _partition, _offset, _time) FROM ${table} ORDER BY id`,
        'JSONEachRow',
      );
      rows[table] = bytes.toString('utf8');
    }
    const letters = await running.stack.clickhouse.query(
      'SELECT code, stage, fromTopic, recordKey FROM dead_letters',
    );
    rows.dead_letters = JSON.stringify(letters);
    return rows;
  } finally {
    await running.close();
    directory.remove();
  }
}

test('chained and apart give the same rows', async () => {
  const chained = await rowsIn('chained');
  const apart = await rowsIn('apart');
  for (const table of Object.keys(chained)) assert.equal(apart[table], chained[table], table);
  assert.equal(chained.scores!.trim().split('\n').length, comments.length + prompts.length);
});
