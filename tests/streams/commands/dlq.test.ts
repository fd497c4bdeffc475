// `millrace dlq` on running streams: what people see and what programs read.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Running, recordOf, scratchDirectory, startRunning } from '../../e2e/running.ts';
import { execute } from './executed.ts';

const directory = scratchDirectory();
const env = { MILLRACE_COMMENT_TASKS: 'sentiment', MILLRACE_INFERENCE_WORKERS: '1' };
let running: Running;
before(async () => {
  running = await startRunning(directory.path, { ...env, KAFKA_PARTITIONS: '2' });
  const records = [
    ...Array.from({ length: 40 }, (_, index) => recordOf({ id: `good-${index}`, text: 'fine' }, `g${index}`)),
    recordOf('{"text": "cut', 'cut'),
    recordOf({ id: 'blank', text: ' ', tenant: 'acme' }, 'blank'),
    recordOf(Buffer.from([0, 0, 0, 0x27, 0x0f, 0xff, 0x1b]), 'binary'),
    recordOf({ text: 42 }, 'number'),
  ];
  await running.stack.log.publish([{ topic: 'comments', records }]);
  await running.settled();
});
after(async () => {
  await running.close();
  directory.remove();
});

const run = (...argv: readonly string[]) =>
  execute(['dlq', ...argv], { env, workingDirectory: directory.path, stack: running.stack });

async function json<T>(argv: readonly string[], code = 0): Promise<T> {
  const done = await run(...argv, '--json');
  assert.equal(done.code, code, done.stderr);
  return JSON.parse(done.stdout) as T;
}

interface Listed {
  readonly letters: number;
  readonly groups: readonly { readonly code: string; readonly letters: number }[];
  readonly newest: readonly { readonly id: string; readonly code: string }[];
}

const idOf = async (code: string): Promise<string> =>
  (await json<Listed>(['list', '--code', code])).newest[0]!.id;

test('letters are counted by reason and chosen by every filter', async () => {
  const all = await json<Listed>(['list', '--limit', '2']);
  assert.deepEqual([all.letters, all.newest.length], [4, 2]);
  assert.deepEqual(all.groups.map(({ code, letters }) => `${code} ${letters}`).sort(), [
    'malformed-json 1',
    'no-text 1',
    'unknown-schema 1',
    'wrong-type 1',
  ]);
  const chosen: readonly (readonly [number, readonly string[]])[] = [
    [1, ['--tenant', 'acme']],
    [4, ['--stage', 'features', '--topic', 'comments', '--since', '-1h', '--until', 'now']],
    [0, ['--stage', 'sinks']],
    [0, ['--topic', 'prompts']],
    [0, ['--until', '2020-01-01T00:00:00Z']],
  ];
  for (const [letters, argv] of chosen)
    assert.equal((await json<Listed>(['list', ...argv])).letters, letters, argv.join(' '));
  const people = await run('list');
  assert.match(people.stdout, /^stage +topic +code +letters +first +last\n[\s\S]*The newest 4 of 4\n/);
});

test('wrong arguments are told with what to do', async () => {
  const wrong = [
    ['list', '--code', 'bad'],
    ['list', '--topic', 'nothing'],
    ['list', '--since', 'yesterday'],
    ['show', 'abc'],
    ['show', 'f'.repeat(32)],
    ['redrive', 'abc'],
    ['redrive', '--rate', 'fast'],
  ];
  for (const argv of wrong) {
    const { code, stdout, stderr } = await run(...argv);
    assert.deepEqual([code, stdout], [2, ''], argv.join(' '));
    assert.match(stderr, /^millrace: .*\n.+\n$/, argv.join(' '));
  }
});

test('one letter is shown whole: text as text, other bytes as hex, and no control character reaches the screen', async () => {
  const binary = await idOf('unknown-schema');
  const shown = await json<Record<string, unknown>>(['show', binary]);
  assert.deepEqual(
    [shown.key, shown.value, shown.valueBytes],
    [{ text: 'binary' }, { hex: '000000270fff1b' }, 7],
  );
  assert.deepEqual([shown.stage, shown.redriven, shown.message], ['features', null, null]);
  const blank = await json<{ message: { id: string }; refused: unknown }>([
    'show',
    (await idOf('no-text')).slice(0, 10),
  ]);
  assert.deepEqual([blank.message.id, blank.refused], ['blank', null]);
  const { stdout } = await run('show', binary);
  assert.match(stdout, /^redriven: no$/m);
  assert.doesNotMatch(stdout, /[^\P{Cc}\n]/u);
});

test('nothing is sent without --yes; with it each once; what cannot be is refused with exit code 3', async () => {
  interface Redriven {
    readonly dryRun: boolean;
    readonly redriven: number;
    readonly before: number;
    readonly refused: number;
  }
  const countsOf = ({ dryRun, redriven, before, refused }: Redriven) => [dryRun, redriven, before, refused];
  const endsOfComments = async () =>
    (await running.stack.log.ranges(['comments'])).reduce((sum, { end }) => sum + end, 0);
  const start = await endsOfComments();
  assert.deepEqual(countsOf(await json(['redrive'], 3)), [true, 1, 0, 3]);
  assert.deepEqual(countsOf(await json(['redrive', '--yes', '--dry-run'], 3)), [true, 1, 0, 3]);
  assert.equal(await endsOfComments(), start);
  assert.match(
    (await run('redrive', '--code', 'no-text')).stdout,
    /1 would be put back.*\nAdd --yes to do it\.\n$/,
  );
  const blank = await idOf('no-text');
  assert.deepEqual(countsOf(await json(['redrive', blank, '--yes', '--rate', '50/s'])), [false, 1, 0, 0]);
  assert.deepEqual(countsOf(await json(['redrive', blank, '--yes'])), [false, 0, 1, 0]);
  assert.equal(await endsOfComments(), start + 1);
  await running.settled();
  const { redriven } = await json<{ redriven: { letters: readonly string[]; place: string } }>([
    'show',
    blank,
  ]);
  assert.equal(redriven.letters.length, 1);
  assert.match(redriven.place, /^comments\/\d+\/\d+$/);
  const again = await json<{ redrives: number; origin: string }>(['show', redriven.letters[0]!]);
  assert.deepEqual([again.redrives, again.origin], [1, redriven.place]);
  const unknown = await run('redrive', 'f'.repeat(32), '--yes');
  assert.deepEqual([unknown.code, unknown.stdout], [3, 'No dead letters match.\n']);
});

test('a message that was stored before a later stage refused it has one row, however often it comes back', async () => {
  await running.settled();
  const [row] = await running.stack.clickhouse.query<{ rows: number; letters: number }>(
    `SELECT (SELECT toUInt32(count()) FROM comments WHERE id = 'blank') AS rows,
       (SELECT toUInt32(count()) FROM dead_letters WHERE code = 'no-text') AS letters`,
  );
  assert.deepEqual(row, { rows: 1, letters: 2 });
});

test('Ctrl-C before anything is sent ends with 130', async () => {
  const interrupted = await execute(['dlq', 'redrive', '--yes', '--force'], {
    env,
    workingDirectory: directory.path,
    stack: running.stack,
    signal: AbortSignal.abort(),
  });
  assert.equal(interrupted.code, 130);
});
