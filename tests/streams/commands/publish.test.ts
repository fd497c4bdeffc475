// Commands that nobody else has the system open for: publish, tail and sql, with everything that can be wrong.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { finished, jsonLines, Workplace } from './spawned.ts';

let place: Workplace;
before(() => {
  place = new Workplace();
});
after(() => place.remove());

const file = (name: string, content: string | Buffer): string => {
  writeFileSync(join(place.path, name), content);
  return name;
};

test('good lines are published, the others told by number; the newest can be read back', async () => {
  const lines = [
    '\ufeff{"id":"one","text":"with a byte order mark"}\r',
    'no JSON',
    '{"text":5}',
    '',
    '\u0000\u0000\u0000\u0000\u0001 binary',
    `{"text":"${'a'.repeat(1_000_000)}"}`,
    `{"text":"wide","more":"${'a'.repeat(3_000_000)}"}`,
    '{"text":"without an id"}',
    '{"id":"last","text":"no newline"}',
  ];
  const published = await place.run(['publish', 'comments', file('mixed.jsonl', lines.join('\n'))]);
  assert.deepEqual([published.code, published.stdout], [3, '3 accepted, 5 rejected\n']);
  assert.deepEqual(
    published.stderr.split('\n').map((line) => line.split(':').slice(0, 2).join()),
    [
      'line 2, malformed-json',
      'line 3, wrong-type',
      'line 5, malformed-json',
      'line 6, too-long',
      'line 7, too-long',
      '',
    ],
  );
  const tail = await place.run(['tail', 'comments', '--no-follow', '-n', '2']);
  const messages = jsonLines<{ id: string; text: string }>(tail.stdout);
  assert.deepEqual([tail.code, messages.map(({ text }) => text)], [0, ['without an id', 'no newline']]);
  assert.equal(messages[1]!.id, 'last');
  const script = 'millrace tail comments --from-beginning --no-follow | head -n 0; echo "${PIPESTATUS[0]}"';
  assert.deepEqual(await place.shell(script), { code: 0, stdout: '141\n', stderr: '' });
});

test('CSV, text and standard input', async () => {
  const csv = file('rows.CSV', 'id,text\nc1,"one, two"\nc2,three, four\n');
  const fromCsv = await place.run(['publish', 'prompts', csv, '--json']);
  assert.deepEqual(
    [fromCsv.code, JSON.parse(fromCsv.stdout)],
    [3, { topic: 'prompts', accepted: 1, rejected: 1 }],
  );
  const input = Buffer.concat([Buffer.from('{no json}\n\ncaf'), Buffer.from([0xe9])]);
  const text = await place.run(['publish', 'prompts', '-', '--format', 'text'], { input });
  assert.deepEqual([text.code, text.stdout], [3, '1 accepted, 1 rejected\n']);
  assert.match(text.stderr, /^line 3: invalid-utf8: /);
});

test('input that cannot be read is an error before anything is opened', async () => {
  mkdirSync(join(place.path, 'folder'));
  const wrong = [
    [file('empty.jsonl', '\n\n'), 'empty-input'],
    ['missing.jsonl', 'file-unreadable'],
    ['folder', 'file-unreadable'],
  ] as const;
  for (const [name, expected] of wrong) {
    const { code, stdout, stderr } = await place.run(['publish', 'comments', name, '--json']);
    const { error } = JSON.parse(stderr) as { error: { code: string; message: string; fix: string } };
    assert.deepEqual([code, stdout, error.code], [2, '', expected], name);
    assert.ok(error.fix.length > 0);
  }
});

test('Ctrl-C while the input waits ends the command with what was published', async () => {
  const child = place.start(['publish', 'comments', '--format', 'text', '--json']);
  const ended = finished(child);
  child.stdin!.write('a whole line\nand half of on');
  while (!(await place.run(['topics', '--json'])).stdout.includes('"topic":"comments"')) await sleep(20);
  await recordsOf('comments', 4);
  child.kill('SIGINT');
  const { code, stdout, stderr } = await ended;
  assert.deepEqual([code, stderr, JSON.parse(stdout).accepted], [130, '', 1]);
  await recordsOf('comments', 4);
});

/** Resolves when the topic has so many records; a command that has the system open answers for it. */
async function recordsOf(name: string, records: number): Promise<void> {
  for (;;) {
    const { stdout } = await place.run(['topics', '--json']);
    const found = (JSON.parse(stdout) as { topic: string; records: number }[]).find(
      ({ topic }) => topic === name,
    );
    assert.ok(found && found.records <= records, stdout);
    if (found.records === records) return;
  }
}

test('SQL in every format, from standard input, and wrong', async () => {
  const csv = await place.run(['sql', "SELECT 1 AS a, 'x,y' AS b", '--format', 'CSV']);
  assert.deepEqual(csv, { code: 0, stdout: '1,"x,y"\n', stderr: '' });
  const input = '-- a comment\nSELECT number AS n FROM numbers(2) FORMAT TSV;\n';
  assert.equal((await place.run(['sql', '-'], { input })).stdout, '0\n1\n');
  const rows = await place.run(['sql', 'SELECT count() AS n FROM comments', '--json']);
  assert.deepEqual(jsonLines(rows.stdout), [{ n: 0 }]);
  for (const [query, says] of [
    ['SELECT FROM WHERE', /^millrace: Syntax error/],
    ['SELECT * FROM nothing', /nothing.*\nTables: /],
  ] as const) {
    const { code, stdout, stderr } = await place.run(['sql', query]);
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, says);
    assert.ok(stderr.length < 400, stderr);
  }
  const changed = await place.shell(
    'millrace sql "CREATE TABLE seen (a Int32) ENGINE = MergeTree ORDER BY a" && millrace sql "INSERT INTO seen VALUES (3)" && millrace sql "FROM seen SELECT a"',
  );
  assert.deepEqual(changed, { code: 0, stdout: 'a\n─\n3\n', stderr: '' });
});

test('a directory that cannot be written and a full disk are told in a line', async () => {
  const env = { MILLRACE_DATA_DIRECTORY: join(place.path, file('plain', ''), 'below') };
  for (const argv of [['topics'], ['up'], ['demo', '--once'], ['publish', 'comments']]) {
    const { code, stderr } = await place.run(argv, { env, input: '{"text":"x"}' });
    assert.equal(code, 2, argv.join(' '));
    assert.match(
      stderr,
      /^millrace: The data directory .* cannot be used: .*\n.*MILLRACE_DATA_DIRECTORY.*\n$/,
    );
  }
  const full = await place.shell('millrace models list > /dev/full');
  assert.equal(full.code, 1);
  assert.match(full.stderr, /^millrace: the output cannot be written: ENOSPC.*\n$/);
});
