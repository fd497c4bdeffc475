// `millrace alerts …` on an open system: what it prints for people and programs, and its exit codes.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { publishAlerts } from '../../../streams/alerts/book.ts';
import type { Stack } from '../../../streams/stack.ts';
import { httpReceiver, status, taken } from '../../connectors/notification/receiver.ts';
import { scratchDirectory } from '../../e2e/running.ts';
import { alertOf } from '../../processors/alerts/alert.ts';
import { openLightStack } from '../alerts/subject.ts';
import { execute } from './executed.ts';

const directory = scratchDirectory();
let stack: Stack;
before(async () => {
  stack = await openLightStack(directory.path, { MILLRACE_ALERTS_BUILT_IN: 'drift,lag,latency' });
});
after(async () => {
  await stack.close();
  directory.remove();
});

const run = (argv: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  execute(['alerts', ...argv], { env, workingDirectory: directory.path, stack });
const json = async (argv: readonly string[]) => JSON.parse((await run([...argv, '--json'])).stdout);

test('alerts are listed, silenced, told apart from what is over, and ended by hand', async () => {
  assert.equal((await run(['list'])).stdout, 'No alerts.\n');
  await publishAlerts(stack, [
    alertOf('drift/sentiment@1.0.0', '1'),
    alertOf('stalled/features', '1', { severity: 'critical' }),
    alertOf('lag/millrace-features', '1'),
    alertOf('lag/millrace-features', '1', { state: 'resolved' }),
  ]);
  const shown = await run(['list']);
  assert.match(shown.stdout, /drift\/sentiment@1\.0\.0\s+firing\s+warning/);
  assert.match(shown.stdout, /lag\/millrace-features\s+resolved/);
  const firing = (await json(['list', '--firing'])) as { rule: string; hidden: string | null }[];
  assert.deepEqual(
    firing.map(({ rule, hidden }) => [rule, hidden]),
    [
      ['drift/sentiment@1.0.0', null],
      ['stalled/features', null],
    ],
  );
  const made = await json(['silence', 'drift', '--for', '2h', '--reason', 'the campaign']);
  assert.deepEqual(made.firing, ['drift/sentiment@1.0.0']);
  assert.equal(Date.parse(made.to) - Date.parse(made.from), 7_200_000);
  assert.match((await json(['list', '--firing']))[0].hidden, /^silenced by .+: the campaign$/);
  assert.deepEqual(await json(['silences']), [
    {
      id: made.id,
      matchers: made.matchers,
      from: made.from,
      to: made.to,
      by: made.by,
      reason: 'the campaign',
    },
  ]);
  assert.equal((await run(['unsilence', made.id])).code, 0);
  assert.equal((await run(['silences'])).stdout, 'No silences.\n');
  assert.equal((await json(['list', '--firing']))[0].hidden, null);
  const again = await run(['unsilence', made.id, '--json']);
  assert.equal(again.code, 2);
  assert.equal((await run(['resolve', 'stalled/features', '--reason', 'it runs again'])).code, 0);
  assert.equal((await json(['list', '--firing'])).length, 1);
  assert.equal((await run(['resolve', 'stalled/features'])).code, 2);
});

test('rules are listed with what they see; one that cannot be read is told, with exit code 3', async () => {
  const { code, stdout } = await run(['rules', '--json']);
  assert.equal(code, 3);
  const rows = JSON.parse(stdout) as { alert: string; state: string; now: string }[];
  assert.deepEqual(
    rows.map(({ alert, state }) => [alert, state]),
    [
      ['drift', 'no data'],
      ['latency', 'unread'],
      ['lag', 'no data'],
    ],
  );
  assert.match(rows[1]!.now, /there is no ClickHouse here/);
  assert.match((await run(['rules'])).stdout, /not above 100000/);
});

for (const [argv, says] of [
  [['silence', 'drift', '--for', '9d', '--reason', 'x'], /1s to 6d/],
  [['silence', 'rule=~(', '--for', '1h', '--reason', 'x'], /no regular expression/],
  [['silence', 'drift', '--for', '1h'], /--reason/],
  [['test', 'pigeon'], /choices are email, slack, webhook, alertmanager/],
  [['test', 'slack'], /slack is not set up/],
] as const)
  test(`refused: alerts ${argv.join(' ')}`, async () => {
    const { code, stderr } = await run(argv);
    assert.equal(code, 2);
    assert.match(stderr, says);
  });

test('a channel is tried once, and its answer is the exit code', async (t) => {
  const receiver = await httpReceiver();
  t.after(() => receiver.close());
  const env = { MILLRACE_ALERTS_SLACK_URL: receiver.url };
  const { code, stdout } = await run(['test', 'slack'], env);
  assert.equal(code, 0);
  assert.match(stdout, /^slack took it in \d+ ms\n$/);
  assert.match(receiver.received[0]!.body, /\[TEST\] a test by/);
  receiver.answer = status(404, {}, 'no_service');
  assert.match((await run(['test', 'slack'], env)).stderr, /slack answered 404: no_service/);
  assert.equal((await run(['test', 'slack'], env)).code, 2);
  receiver.answer = status(503);
  assert.equal((await run(['test', 'slack'], env)).code, 4);
  receiver.answer = taken;
});
