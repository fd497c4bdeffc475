// kill -9 of `up` in the middle of a publish, twice, and a start after it: every record of the log is in ClickHouse
// exactly once, through every table and the views that follow the inserts.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { jsonLines, type RunningUp, Workplace } from './spawned.ts';

const env = { MILLRACE_LOG_LEVEL: 'error', MILLRACE_COMMENT_TASKS: 'sentiment,toxicity' };

let place: Workplace;
let up: RunningUp | undefined;
before(() => {
  place = new Workplace();
});
after(async () => {
  up?.child.kill('SIGKILL');
  await up?.ended;
  place.remove();
});

const metric = async ({ http }: RunningUp, name: string): Promise<number> => {
  const text = await (await fetch(`${http}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`));
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
};

/** Publishes without end until the process that takes the lines is killed with rows already stored. */
async function killUnderLoad(round: number): Promise<void> {
  up = await place.up(env);
  const publishing = place.start(['publish', 'comments']);
  let number = 0;
  let open = true;
  publishing.stdin!.on('error', () => {});
  const ended = new Promise<number | null>((resolve) => {
    publishing.once('close', (code) => {
      open = false;
      resolve(code);
    });
  });
  const feeding = (async () => {
    while (open) {
      const lines = Array.from({ length: 200 }, () => `{"id":"k${round}-${number++}","text":"what a day"}\n`);
      publishing.stdin!.write(lines.join(''));
      await sleep(5);
    }
  })();
  while ((await metric(up, 'millrace_sink_rows_total')) < 6_000) await sleep(20);
  up.child.kill('SIGKILL');
  await up.ended;
  assert.equal(await ended, 4);
  await feeding;
}

const first = async <T>(argv: readonly string[]): Promise<T> => {
  const { stdout, stderr } = await place.run([...argv, '--json']);
  assert.equal(stderr, '');
  return jsonLines<T>(stdout)[0]!;
};

test('nothing is lost and nothing is there twice', { timeout: 120_000 }, async () => {
  await killUnderLoad(1);
  await killUnderLoad(2);
  up = await place.up(env);
  for (;;) {
    const rows = await first<{ lag: number }[]>(['lag']);
    if (rows.every(({ lag }) => lag === 0)) break;
  }
  const topics = await first<{ topic: string; records: number }[]>(['topics']);
  const published = topics.find(({ topic }) => topic === 'comments')!.records;
  assert.ok(published > 4_000, `${published} records`);
  const tables = ['comments', 'predictions', 'scores'];
  for (const table of tables) {
    const id = table === 'comments' ? 'id' : 'messageId';
    const counts = await first(['sql', `SELECT count() AS rows, uniqExact(${id}) AS ids FROM ${table}`]);
    assert.deepEqual(counts, { rows: published, ids: published }, table);
  }
  const results = await first([
    'sql',
    'SELECT count() AS rows, uniqExact(messageId, task) AS ids FROM prediction_results',
  ]);
  assert.deepEqual(results, { rows: 2 * published, ids: 2 * published });
  const counted = await first([
    'sql',
    `SELECT groupUniqArray(observed) AS observed FROM (
       SELECT release, feature, sum(count) AS observed FROM histograms GROUP BY release, feature)`,
  ]);
  assert.deepEqual(counted, { observed: [published] });
});
