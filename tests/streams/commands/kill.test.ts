// kill -9 of `up` in the middle of a publish, and a start after it: every record of the log is in ClickHouse
// exactly once, through every table and the views that follow the inserts.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { counted, finished, jsonLines, Workplace } from './spawned.ts';

const env = { MILLRACE_LOG_LEVEL: 'error', MILLRACE_COMMENT_TASKS: 'sentiment,toxicity' };

let place: Workplace;
before(() => {
  place = new Workplace();
});
after(() => place.close());

/** Publishes without end until the process that takes the lines is killed with rows already stored. */
async function killUnderLoad(): Promise<void> {
  const up = await place.up(env);
  const publishing = place.start(['publish', 'comments']);
  const ended = finished(publishing);
  publishing.stdin!.on('error', () => {});
  let number = 0;
  const feed = setInterval(() => {
    const lines = Array.from({ length: 100 }, () => `{"id":"k-${number++}","text":"what a day"}\n`);
    publishing.stdin!.write(lines.join(''));
  }, 20);
  const stored = `SELECT count() AS scores FROM scores WHERE startsWith(messageId, 'k-')`;
  await counted(up, /^millrace_records_in_total\{.*topic="scores"/, 1_000);
  while ((await first<{ scores: number }>(['sql', stored])).scores < 1_000);
  up.child.kill('SIGKILL');
  await up.ended;
  const { code, stderr } = await ended;
  clearInterval(feed);
  assert.equal(code, 4);
  assert.match(
    stderr,
    /^millrace: The process that uses .* stopped before the command was done\. Try again\.\n$/,
  );
}

const first = async <T>(argv: readonly string[]): Promise<T> => {
  const { stdout, stderr } = await place.run([...argv, '--json']);
  assert.equal(stderr, '');
  return jsonLines<T>(stdout)[0]!;
};

/** Rows and different ids of each table; how many results each release’s histograms have counted, by feature. */
const counts = `SELECT (SELECT [count(), uniqExact(id)] FROM comments) AS comments,
  (SELECT [count(), uniqExact(messageId)] FROM predictions) AS predictions,
  (SELECT [count(), uniqExact(messageId)] FROM scores) AS scores,
  (SELECT [count(), uniqExact(messageId, task)] FROM prediction_results) AS results,
  (SELECT groupUniqArray(observed) FROM (
     SELECT sum(count) AS observed FROM histograms GROUP BY release, feature)) AS histograms`;

test('nothing is lost and nothing is there twice', { timeout: 120_000 }, async () => {
  await killUnderLoad();
  await place.up(env);
  for (;;) {
    const rows = await first<{ lag: number }[]>(['lag']);
    if (rows.every(({ lag }) => lag === 0)) break;
    await sleep(500);
  }
  const topics = await first<{ topic: string; records: number }[]>(['topics']);
  const published = topics.find(({ topic }) => topic === 'comments')!.records;
  assert.ok(published > 1_000, `${published} records`);
  assert.deepEqual(await first(['sql', counts]), {
    comments: [published, published],
    predictions: [published, published],
    scores: [published, published],
    results: [2 * published, 2 * published],
    histograms: [published],
  });
});
