// Commands beside a running `up`: they are handed to it, and what it keeps for itself it says so.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { finished, jsonLines, type RunningUp, statusOf, Workplace } from './spawned.ts';

let place: Workplace;
let up: RunningUp;
before(async () => {
  place = new Workplace();
  up = await place.up({ MILLRACE_LOG_LEVEL: 'warn' });
});
after(() => place.close());

const rowsOf = async <T>(query: string): Promise<T[]> => {
  const { stdout, stderr } = await place.run(['sql', query, '--json']);
  assert.equal(stderr, '');
  return jsonLines<T>(stdout);
};

test('CSV, text, files of the own directory and substituted ones are published', async () => {
  writeFileSync(join(place.path, 'rows.CSV'), 'id,text\nc1,"one, two"\nc2,three, four\n');
  const fromCsv = await place.run(['publish', 'prompts', 'rows.CSV', '--json']);
  assert.deepEqual(
    [fromCsv.code, JSON.parse(fromCsv.stdout)],
    [3, { topic: 'prompts', accepted: 1, rejected: 1 }],
  );
  const input = Buffer.concat([Buffer.from('{no json}\n\ncaf'), Buffer.from([0xe9])]);
  const text = await place.run(['publish', 'prompts', '-', '--format', 'text'], { input });
  assert.deepEqual([text.code, text.stdout], [3, '1 accepted, 1 rejected\n']);
  assert.match(text.stderr, /^line 3: invalid-utf8: /);
  const substituted = await place.shell(
    `millrace publish comments <(echo '{"id":"s","text":"from a pipe"}')`,
  );
  assert.deepEqual([substituted.code, substituted.stdout], [0, '1 accepted, 0 rejected\n']);
  const empty = await place.run(['publish', 'comments', '--json'], { input: '\n \n' });
  assert.deepEqual([empty.code, empty.stdout], [2, '']);
  assert.match(empty.stderr, /"code":"empty-input"/);
});

test('what is published is followed, scored and asked for', async () => {
  const following = place.start(['tail', 'scores', '-n', '0']);
  const followed = finished(following);
  let seen = '';
  following.stdout!.on('data', (text: string) => {
    seen += text;
  });
  for (let round = 0; !seen.includes('"messageId":"followed"'); round += 1) {
    // The first ones may be published before the other terminal follows.
    if (round % 20 === 0)
      await place.run(['publish', 'comments'], { input: '{"id":"followed","text":"what a lovely day"}' });
    await sleep(50);
  }
  following.kill('SIGINT');
  assert.equal((await followed).code, 130);
  await settled();
  const [scored] = await rowsOf("SELECT any(language) AS language FROM scores WHERE messageId = 'followed'");
  assert.deepEqual(scored, { language: 'en' });
  const script = `millrace tail scores --from-beginning --no-follow | head -n 0; ${statusOf(0)}`;
  assert.deepEqual(await place.shell(script), { code: 0, stdout: '141\n', stderr: '' });
});

/** Resolves when every group has read everything. */
async function settled(): Promise<void> {
  for (;;) {
    const { stdout } = await place.run(['lag', '--json']);
    const rows = JSON.parse(stdout) as readonly { readonly lag: number }[];
    if (rows.length > 0 && rows.every(({ lag }) => lag === 0)) return;
  }
}

test('SQL in every format, from standard input, and wrong', async () => {
  const input = '-- a comment\nSELECT number AS n FROM numbers(2) FORMAT TSV;\n';
  const wrong = [
    ['SELECT FROM WHERE', /^millrace: Syntax error/],
    ['SELECT * FROM nothing', /nothing.*\nTables: /],
  ] as const;
  const [csv, piped, ...refused] = await Promise.all([
    place.run(['sql', "SELECT 1 AS a, 'x,y' AS b", '--format', 'CSV']),
    place.run(['sql', '-'], { input }),
    ...wrong.map(([query]) => place.run(['sql', query])),
  ]);
  assert.deepEqual([csv.stdout, piped.stdout], ['1,"x,y"\n', '0\n1\n']);
  for (const [index, { code, stdout, stderr }] of refused.entries()) {
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, wrong[index]![1]);
    assert.ok(stderr.length < 400, stderr);
  }
  const changed = await place.shell(
    'millrace sql --write "CREATE TABLE seen (a Int32) ENGINE = MergeTree ORDER BY a" && millrace sql "INSERT INTO seen VALUES (2)" 2>/dev/null; millrace sql --write "INSERT INTO seen VALUES (3)" && millrace sql "FROM seen SELECT a"',
  );
  assert.deepEqual(changed, { code: 0, stdout: 'a\n─\n3\n', stderr: '' });
});

test('the directory and the port are taken, and said to be', async () => {
  for (const argv of [['up'], ['demo', '--once', '--json']]) {
    const { code, stderr } = await place.run(argv);
    assert.equal(code, 2);
    assert.match(stderr, new RegExp(`in use by process ${up.child.pid}`));
    assert.match(stderr, /MILLRACE_DATA_DIRECTORY/);
  }
  const elsewhere = join(place.path, 'elsewhere');
  const env = { HTTP_PORT: new URL(up.http).port, MILLRACE_DATA_DIRECTORY: elsewhere };
  const { code, stderr } = await place.run(['up'], { env });
  assert.deepEqual([code, stderr.split('\n').length], [2, 3], stderr);
  assert.match(stderr, /^millrace: Cannot serve .* the port is in use\.\n.*HTTP_PORT/);
});

test('SIGTERM drains, commits everything and exits with 0', async () => {
  const input = Array.from({ length: 20_000 }, (_, index) => `{"id":"d${index}","text":"comment ${index}"}`);
  const { stdout } = await place.run(['publish', 'comments', '--json'], { input: input.join('\n') });
  assert.deepEqual(JSON.parse(stdout), { topic: 'comments', accepted: 20_000, rejected: 0 });
  assert.equal((await fetch(`${up.http}/ready`)).status, 200);
  up.child.kill('SIGTERM');
  const { code, stderr } = await up.ended;
  assert.deepEqual([code, stderr], [0, '']);
  up = await place.up({ MILLRACE_LOG_LEVEL: 'warn' });
  await settled();
  const [counts] = await rowsOf(`SELECT count() AS scores, uniqExact(messageId) AS ids FROM scores
    WHERE startsWith(messageId, 'd')`);
  assert.deepEqual(counts, { scores: 20_000, ids: 20_000 });
});

test('a topic of garbage stops the stream, and the process with 5', async () => {
  const input = '{"text":" "}\n'.repeat(3_000);
  await place.run(['publish', 'comments'], { input });
  const { code, stderr } = await up.ended;
  assert.equal(code, 5);
  assert.match(
    stderr,
    /\n\{"error":\{"code":"too-many-invalid","message":"stream chain stopped: .*no-text.*\n$/,
  );
});
