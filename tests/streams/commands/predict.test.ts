// `millrace predict`: one line out for each line in, in their order, whatever they hold.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { execute } from './executed.ts';
import { finished, jsonLines, statusOf, Workplace } from './spawned.ts';

interface Answer {
  readonly id: string;
  readonly label?: string;
  readonly probabilities?: Readonly<Record<string, number>>;
  readonly model?: string;
  readonly error?: { readonly code: string; readonly message: string };
}

let place: Workplace;
before(() => {
  place = new Workplace();
});
after(() => place.close());

/** In this process: one of its own takes seconds to start. */
const predict = (model: string, input = '') =>
  execute(['predict', '--model', model, '--json'], { env: {}, workingDirectory: place.path, input });

test('plain and JSON lines, good and bad, are answered in order', async () => {
  const input = [
    '\ufeffGuten Morgen, wie geht es dir?\r',
    '',
    '{"id":"named","text":"bonjour tout le monde"}',
    '{"id":7,"text":"¿dónde está la biblioteca?"}',
    '{"text": broken',
    '{"id":"wrong","text":5}',
    '   ',
    `{"id":"long","text":"${'lorem ipsum '.repeat(90_000)}"}`,
    'the last line has no newline',
  ].join('\n');
  const { code, stdout, stderr } = await predict('language', input);
  const answers = jsonLines<Answer>(stdout);
  assert.deepEqual(
    answers.map(({ id, label, error }) => [id, error?.code ?? label]),
    [
      ['1', 'de'],
      ['2', 'no-text'],
      ['named', 'fr'],
      ['7', 'es'],
      ['5', 'malformed-json'],
      ['wrong', 'missing-field'],
      ['7', 'no-text'],
      ['long', answers[7]!.label],
      ['9', 'en'],
    ],
  );
  for (const { model, label, probabilities, error } of answers) {
    if (error) continue;
    assert.match(model!, /^language@\d+\.\d+\.\d+$/);
    const shares = Object.values(probabilities!);
    assert.equal(probabilities![label!], Math.max(...shares));
    assert.ok(Math.abs(shares.reduce((sum, share) => sum + share) - 1) < 1e-3);
  }
  assert.deepEqual([code, stderr], [3, '']);
});

test('ten thousand lines come back as ten thousand, each with the answer it has alone', async () => {
  const texts = ['I love this', 'I hate this so much', 'The train leaves at nine'];
  const lines = Array.from({ length: 10_000 }, (_, index) => texts[index % 3]);
  const all = await predict('sentiment@2.0.0', lines.join('\n'));
  const alone = await predict('sentiment@2.0.0', texts.join('\n'));
  const expected = jsonLines<Answer>(alone.stdout).map(({ label }) => label);
  const answers = jsonLines<Answer>(all.stdout);
  assert.deepEqual(
    answers.map(({ id, label }) => `${id} ${label}`),
    lines.map((_, index) => `${index + 1} ${expected[index % 3]}`),
  );
  assert.deepEqual([all.code, new Set(expected).size > 1], [0, true]);
});

test('a line is answered as it comes; Ctrl-C ends the waiting for the next', async () => {
  const child = place.start(['predict', '--model', 'sentiment']);
  const ended = finished(child);
  let answered = '';
  child.stdout!.on('data', (text: string) => {
    answered += text;
  });
  child.stdin!.write('what a lovely day\n');
  while (!answered.includes('\n')) await sleep(20);
  child.kill('SIGINT');
  const { code, stderr } = await ended;
  assert.deepEqual([code, stderr], [130, '']);
});

test('no input is an error; a pipe that closes ends the command', async () => {
  const empty = await predict('sentiment');
  assert.equal(empty.code, 2);
  assert.equal((JSON.parse(empty.stderr) as { error: { code: string } }).error.code, 'empty-input');
  const script = `yes "what a day" | millrace predict --model sentiment | head -n 1; ${statusOf(1)}`;
  const piped = await place.shell(script);
  const [first = '', status] = piped.stdout.trim().split('\n');
  assert.equal((JSON.parse(first) as Answer).id, '1');
  assert.deepEqual([status, piped.stderr], ['141', '']);
});
