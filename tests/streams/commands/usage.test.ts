// Every command explains itself, and wrong use is told in one line with its exit code. In process: nothing is opened.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfiguration } from '../../../streams/configuration/configuration.ts';
import { execute } from '../../../streams/program.ts';

async function executed(argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const written = { stdout: '', stderr: '' };
  const outputTo = (name: 'stdout' | 'stderr') => ({
    write: async (text: string | Buffer) => {
      written[name] += text.toString();
    },
  });
  async function* nothing(): AsyncGenerator<Buffer> {}
  const code = await execute({
    io: {
      argv,
      stdin: nothing(),
      stdout: outputTo('stdout'),
      stderr: outputTo('stderr'),
      signal: new AbortController().signal,
    },
    configuration: () => loadConfiguration({ env }),
    stack: () => assert.fail('nothing needs to be opened'),
    handOver: async () => null,
    workingDirectory: '.',
  });
  return { code, ...written };
}

const words = (text: string): readonly string[] => text.split(' ');
const names = words('demo up publish tail predict sql topics lag train tune evaluate doctor');
const groups: Readonly<Record<string, readonly string[]>> = {
  models: words('list show diff export import promote rollback aliases optimize'),
  data: words('add list show verify split report synthesize'),
  runs: words('list show'),
  tune: words('list show'),
  config: words('show check'),
};
const commands = [
  ...names.map((name) => [name]),
  ...Object.entries(groups).flatMap(([group, inside]) => inside.map((name) => [group, name])),
];

test('every command has help with an example, and --json', async () => {
  for (const command of [[], ...commands, ...Object.keys(groups).map((group) => [group])]) {
    const { code, stdout, stderr } = await executed([...command, '--help']);
    assert.equal(code, 0, command.join(' '));
    assert.match(stdout, /\nExamples?:\n {2}\S/, command.join(' '));
    if (command.length > 0 && commands.includes(command)) assert.match(stdout, /--json/, command.join(' '));
    assert.equal(stderr, '');
  }
});

test('no command and half a command show the help and exit with 2', async () => {
  for (const command of [[], ['models'], ['data'], ['runs'], ['config']]) {
    const { code, stdout, stderr } = await executed(command);
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, /Usage: millrace/);
  }
});

test('wrong arguments are told in a line, as JSON where asked', async () => {
  const wrong: readonly (readonly [argv: readonly string[], says: RegExp])[] = [
    [['bogus'], /unknown command 'bogus'/],
    [['topics', '--bogus'], /unknown option '--bogus'/],
    [['publish'], /missing required argument 'topic'/],
    [['publish', 'comments', 'a', '--format', 'xml'], /jsonl, csv, text/],
    [['publish', 'nowhere'], /no topic "nowhere"/],
    [['publish', 'comments', 'nothing.jsonl'], /nothing\.jsonl cannot be read: there is no such file/],
    [['publish', 'comments', '.'], /cannot be read: it is a directory/],
    [['tail', 'nowhere'], /no topic "nowhere"/],
    [['tail', 'scores', '-n', 'x'], /--last x/],
    [['predict'], /'--model <task>' not specified/],
    [['predict', '--model', 'nothing'], /no release of the task “nothing”/],
    [['sql', ''], /the query is empty/],
    [['train', 'nothing'], /no task "nothing"/],
    [['train', 'language', '--seed', 'x'], /whole number/],
    [['models', 'show', 'nothing'], /“nothing”/],
  ];
  for (const [argv, says] of wrong) {
    const plain = await executed(argv);
    assert.equal(plain.code, 2, argv.join(' '));
    assert.match(plain.stderr, /^millrace: /);
    assert.match(plain.stderr, says);
    assert.doesNotMatch(plain.stderr, /\n {4}at /);
    const { stderr } = await executed([...argv, '--json']);
    const { error } = JSON.parse(stderr) as { error: { code: string; message: string; fix: string } };
    assert.match(error.message, says);
    assert.ok(error.code.length > 0 && error.fix.length > 0, argv.join(' '));
  }
});

test('config check says every problem and exits with 2', async () => {
  const good = await executed(['config', 'check', '--json'], { MILLRACE_MODE: 'apart' });
  assert.deepEqual([good.code, JSON.parse(good.stdout)], [0, { valid: true, changed: 1 }]);
  const env = { MILLRACE_MODE: 'sideways', HTTP_PORT: 'x', MILLRACE_MODDE: 'apart' };
  for (const command of ['check', 'show']) {
    const bad = await executed(['config', command], env);
    assert.deepEqual([bad.code, bad.stdout], [2, '']);
    for (const name of Object.keys(env)) assert.match(bad.stderr, new RegExp(`env ${name}: `));
  }
});

test('models list and config show are tables for people and JSON for programs', async () => {
  for (const command of [
    ['models', 'list'],
    ['config', 'show'],
  ]) {
    const people = await executed(command);
    assert.match(people.stdout.split('\n')[1]!, /^─+ {2}─+/);
    const rows = JSON.parse((await executed([...command, '--json'])).stdout) as unknown[];
    assert.equal(rows.length, people.stdout.split('\n').length - 3);
  }
});
