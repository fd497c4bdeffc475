// Commands that open the system themselves, alone and all at once.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { finished, jsonLines, statusOf, Workplace } from './spawned.ts';

let place: Workplace;
before(() => {
  place = new Workplace();
});
after(() => place.close());

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
  const script = `millrace tail comments --from-beginning --no-follow | head -n 0; ${statusOf(0)}`;
  assert.deepEqual(await place.shell(script), { code: 0, stdout: '141\n', stderr: '' });
});

/** Starts a publish and resolves once it has read a line that is none, with its input still open. */
async function startPublishing(topic: string, lines: string) {
  const child = place.start(['publish', topic, '--json']);
  const ended = finished(child);
  let told = '';
  child.stderr!.on('data', (text: string) => {
    told += text;
  });
  child.stdin!.write(`${lines}no JSON\n`);
  while (!told.includes('malformed-json')) await sleep(20);
  return { child, ended };
}

test('Ctrl-C while the input waits ends the command with what was published', async () => {
  const { child, ended } = await startPublishing('feedback', '{"messageId":"m","task":"toxicity"}\n');
  child.stdin!.write('{"half": "of a li');
  const { stdout: listed } = await place.run(['topics', '--json']);
  child.kill('SIGINT');
  const { code, stdout } = await ended;
  assert.deepEqual([code, JSON.parse(stdout)], [130, { topic: 'feedback', accepted: 1, rejected: 1 }]);
  assert.match(listed, /"topic":"feedback","partitions":\d+,"records":1/);
});

test('a command that runs in the process of another is not cut short by its end', async () => {
  const owner = await startPublishing('prompts', '');
  const guest = await startPublishing('prompts', '');
  owner.child.stdin!.end();
  await sleep(300);
  guest.child.stdin!.end('{"id":"late","text":"still here"}\n');
  assert.deepEqual([(await guest.ended).code, (await owner.ended).code], [3, 3]);
  const { stdout } = await place.run(['tail', 'prompts', '--no-follow', '-n', '1']);
  assert.equal(jsonLines<{ id: string }>(stdout)[0]?.id, 'late');
});

test('commands that start at once on one directory all do their work', async () => {
  const numbers = [1, 2, 3, 4];
  const ended = await Promise.all(
    numbers.map((number) =>
      place.run(['publish', 'prompts'], { input: `{"id":"at-once-${number}","text":"x"}` }),
    ),
  );
  for (const { code, stdout, stderr } of ended)
    assert.deepEqual([code, stdout], [0, '1 accepted, 0 rejected\n'], stderr);
  const { stdout } = await place.run(['tail', 'prompts', '--no-follow', '-n', '4']);
  const ids = jsonLines<{ id: string }>(stdout).map(({ id }) => id);
  assert.deepEqual(
    ids.sort(),
    numbers.map((number) => `at-once-${number}`),
  );
});

test('a directory that cannot be written and a full disk are told in a line', async () => {
  const env = { MILLRACE_DATA_DIRECTORY: join(place.path, file('plain', ''), 'below') };
  for (const argv of [['publish', 'comments'], ['up'], ['demo', '--once']]) {
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
