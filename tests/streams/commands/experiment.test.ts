// `millrace experiment`, `freeze`, and `models promote|rollback` beside a running system: what a person decides takes
// effect there at once, and what cannot be done is told with a way out.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ModelStore, openModelStore } from '../../../connectors/model-store.ts';
import { openLedger } from '../../../streams/model-ledger.ts';
import { type Running, recordOf, scratchDirectory, startRunning } from '../../e2e/running.ts';
import { exchangedLabels, publishAs, trying } from '../experiments/releases.ts';
import { execute } from './executed.ts';

const directory = scratchDirectory();
const env = {
  MILLRACE_DATA_DIRECTORY: `${directory.path}/data`,
  MILLRACE_MODELS_DIRECTORY: `${directory.path}/models`,
  ...trying,
};
let running: Running;
let store: ModelStore;

before(async () => {
  store = openModelStore(env.MILLRACE_MODELS_DIRECTORY);
  await publishAs(store, '1.0.0');
  running = await startRunning(env.MILLRACE_DATA_DIRECTORY, env);
  // No champion is named: the highest version serves, and must go on doing so when a higher one is brought.
  await publishAs(store, '0.9.0');
  await publishAs(store, '0.7.0');
  await publishAs(store, '0.8.0', { labels: await exchangedLabels() });
});
after(async () => {
  await running.close();
  directory.remove();
});

const run = (...argv: readonly string[]) =>
  execute(argv, { env, workingDirectory: directory.path, stack: running.stack });

async function json<T>(...argv: readonly string[]): Promise<T> {
  const { code, stdout, stderr } = await run(...argv, '--json');
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as T;
}

async function assertRefused(argv: readonly string[], code: string, says: RegExp): Promise<void> {
  const people = await run(...argv);
  assert.equal(people.code, 2, people.stdout + people.stderr);
  assert.match(people.stderr, says);
  const { error } = JSON.parse((await run(...argv, '--json')).stderr) as {
    error: { code: string; fix: string };
  };
  assert.equal(error.code, code);
  assert.ok(error.fix.length > 0);
}

interface Status {
  readonly experiment: string;
  readonly treatment: string;
  readonly stage: string;
  readonly share: number;
  readonly serves: number;
  readonly arms: number;
  readonly alpha: number;
  readonly hypothesis: string;
  readonly shadow: { readonly treatment: { readonly messages: number } };
}
type Stopped = Pick<Status, 'treatment'>;
interface Row {
  readonly experiment: string;
  readonly treatment: string;
  readonly outcome: string;
  readonly reason: string;
}

let published = 0;

/** Asks until a message is answered by these releases, in these arms. */
async function untilAnswered(expected: string): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    const id = `c${published++}`;
    const comment = { id, text: 'what a day', eventTime: Date.now(), ingestTime: Date.now(), source: 'test' };
    await running.stack.log.publish([{ topic: 'comments', records: [recordOf(comment, id)] }]);
    await sleep(200);
    const rows = await running.stack.clickhouse.query<{ said: string }>(
      `SELECT arrayStringConcat(arrayMap((r, a) -> concat(r, ' ', ifNull(toString(a), '-')), results.release, results.arm), ', ') AS said
       FROM predictions ORDER BY _time DESC, _offset DESC LIMIT 1`,
    );
    if (rows[0]?.said === expected) return;
  }
  assert.fail(`no message was answered by ${expected}`);
}

describe('models promote and rollback', () => {
  it('reach a running system, are recorded with who and why, and are mirrored in the store', async () => {
    await untilAnswered('sentiment@1.0.0 -');
    const promoted = await json<{ previous: string }>(
      'models',
      'promote',
      'sentiment@0.9.0',
      '--reason',
      'to see',
    );
    assert.equal(promoted.previous, 'sentiment@1.0.0');
    await untilAnswered('sentiment@0.9.0 -');
    assert.deepEqual((await store.aliases('sentiment')).aliases, { champion: '0.9.0', previous: '1.0.0' });
    assert.equal((await run('models', 'rollback', 'sentiment', '--reason', 'seen')).code, 0);
    await untilAnswered('sentiment@1.0.0 -');
    await assertRefused(['models', 'rollback', 'sentiment'], 'no-previous', /no previous release/);
    const ledger = await openLedger(running.stack);
    assert.equal(ledger.state('sentiment').serving?.release, 'sentiment@1.0.0');
    await ledger.close();
  });

  it('give way to an alias that is moved in the store itself afterwards', async () => {
    await store.changeAliases('sentiment', () => ({ champion: '0.9.0' }), {
      by: 'alice',
      why: 'by another tool',
    });
    const ledger = await openLedger(running.stack);
    for (let tries = 0; ledger.state('sentiment').serving?.release !== 'sentiment@0.9.0'; tries++) {
      assert.ok(tries < 300, 'the ledger takes it over');
      await sleep(50);
    }
    assert.equal(ledger.state('sentiment').serving?.by, 'alice');
    await ledger.close();
    await untilAnswered('sentiment@0.9.0 -');
    assert.equal((await run('models', 'promote', 'sentiment@1.0.0')).code, 0);
    await untilAnswered('sentiment@1.0.0 -');
  });
});

describe('experiment', () => {
  it('starts, says how far it is, and stops', async () => {
    const said = ['--treatment', 'sentiment@0.9.0', '--hypothesis', 'older is better', '--share', '0.25'];
    const begun = await json<{ experiment: string }>(
      'experiment',
      'start',
      'sentiment',
      ...said,
      '--until',
      '2d',
    );
    await untilAnswered('sentiment@1.0.0 control, sentiment@0.9.0 shadow');
    await assertRefused(
      ['experiment', 'start', 'sentiment', '--treatment', 'sentiment@0.9.0'],
      'experiment-open',
      /on trial for sentiment already/,
    );
    const [status] = await json<Status[]>('experiment', 'status', 'sentiment');
    assert.deepEqual(
      [status!.experiment, status!.stage, status!.hypothesis],
      [begun.experiment, 'shadow', 'older is better'],
    );
    assert.ok(status!.shadow.treatment.messages > 0);
    const people = await run('experiment', 'status');
    assert.match(people.stdout, /sentiment@0\.9\.0 against sentiment@1\.0\.0, in shadow/);
    assert.match(people.stdout, /CONTINUE_EXPERIMENT: \d+ of 1000 messages/);
    assert.equal((await run('experiment', 'stop', 'sentiment', '--reason', 'enough seen')).code, 0);
    await untilAnswered('sentiment@1.0.0 -');
    assert.match(
      (await run('experiment', 'status', 'sentiment')).stdout,
      /No experiment is under way on sentiment/,
    );
    await assertRefused(['experiment', 'stop', 'sentiment', '--reason', 'x'], 'no-experiment', /under way/);
    const rows = await json<Row[]>('experiment', 'list');
    assert.deepEqual(
      rows.map(({ experiment, outcome, reason }) => [experiment, outcome, reason]),
      [[begun.experiment, 'rolled-back', 'enough seen']],
    );
  });

  it('goes on beside others, which are told, stopped and ended apart', async () => {
    const start = ['experiment', 'start', 'sentiment', '--treatment'];
    const stop = ['experiment', 'stop', 'sentiment', '--reason', 'seen'];
    assert.equal((await run(...start, 'sentiment@0.9.0', '--share', '0.25')).code, 0);
    await assertRefused([...start, 'sentiment@0.7.0', '--share', '0.8'], 'experiment-open', /does not fit/);
    assert.equal((await run(...start, 'sentiment@0.7.0', '--share', '0.2')).code, 0);
    await untilAnswered('sentiment@1.0.0 control, sentiment@0.9.0 shadow, sentiment@0.7.0 shadow');
    const found = await json<Status[]>('experiment', 'status', 'sentiment');
    assert.deepEqual(
      found.map(({ treatment, share, serves, arms, alpha }) => [treatment, share, serves, arms, alpha]),
      [
        ['sentiment@0.9.0', 0.25, 0, 2, 0.025],
        ['sentiment@0.7.0', 0.2, 0, 2, 0.025],
      ],
    );
    const told = (await run('experiment', 'status', 'sentiment')).stdout;
    assert.equal(told.match(/One of 2 under way, each decided at alpha 0\.025/g)?.length, 2);
    await assertRefused(
      stop,
      'several-experiments',
      /under way on sentiment: sentiment@0\.9\.0, sentiment@0\.7\.0/,
    );
    const unknown = [...stop, '--treatment', 'sentiment@0.8.0'];
    await assertRefused(unknown, 'no-experiment', /under way: sentiment@0\.9\.0, sentiment@0\.7\.0/);
    assert.equal((await run(...stop, '--all', '--treatment', 'sentiment@0.9.0')).code, 2);
    const one = await run(...stop, '--treatment', 'sentiment@0.9.0');
    assert.equal(
      one.stdout,
      'sentiment@0.9.0 is rolled back; sentiment@0.7.0 on trial for sentiment still\n',
    );
    await untilAnswered('sentiment@1.0.0 control, sentiment@0.7.0 shadow');
    assert.equal((await run(...start, 'sentiment@0.9.0')).code, 0);
    const all = await json<Stopped[]>(...stop, '--all');
    assert.deepEqual(
      all.map(({ treatment }) => treatment),
      ['sentiment@0.7.0', 'sentiment@0.9.0'],
    );
    await untilAnswered('sentiment@1.0.0 -');
  });

  it('ends when another release is promoted, and says so', async () => {
    for (const release of ['sentiment@0.9.0', 'sentiment@0.7.0'])
      assert.equal((await run('experiment', 'start', 'sentiment', '--treatment', release)).code, 0);
    assert.equal((await run('models', 'promote', 'sentiment@0.7.0', '--reason', 'it is better')).code, 0);
    await untilAnswered('sentiment@0.7.0 -');
    assert.deepEqual(await json('experiment', 'status'), []);
    const rows = await json<Row[]>('experiment', 'list', 'sentiment');
    assert.deepEqual(
      rows.slice(0, 2).map(({ treatment, outcome, reason }) => [treatment, outcome, reason]),
      [
        ['sentiment@0.7.0', 'promoted', 'it is better'],
        ['sentiment@0.9.0', 'ended', 'sentiment@0.7.0 was promoted: it is better'],
      ],
    );
    assert.equal((await run('models', 'rollback', 'sentiment')).code, 0);
    await untilAnswered('sentiment@1.0.0 -');
  });

  it('may skip the shadow, and ends when its release is promoted by hand', async () => {
    const argv = ['experiment', 'start', 'sentiment', '--treatment', 'sentiment@0.9.0', '--share', '0.999'];
    assert.equal((await run(...argv, '--skip-shadow')).code, 0);
    await untilAnswered('sentiment@0.9.0 treatment');
    assert.equal((await run('models', 'promote', 'sentiment@0.9.0')).code, 0);
    await untilAnswered('sentiment@0.9.0 -');
    assert.deepEqual(await json('experiment', 'status'), []);
  });

  it('is refused with what to do instead', async () => {
    const start = ['experiment', 'start', 'sentiment', '--treatment'];
    await assertRefused([...start, 'sentiment@0.9.0'], 'serves-already', /serves sentiment already/);
    await assertRefused([...start, 'sentiment@7.0.0'], 'model-missing', /no release sentiment@7/);
    await assertRefused([...start, 'sentiment@0.8.0'], 'promotion-incompatible', /labels in another order/);
    await assertRefused([...start, 'sentiment@1.0.0', '--until', '2020-01-01'], 'bad-argument', /end before/);
    assert.equal((await run(...start, 'sentiment@1.0.0', '--until', 'soon')).code, 2);
    assert.equal((await run(...start, 'sentiment@1.0.0', '--share', '2')).code, 2);
  });
});

describe('freeze', () => {
  it('stops the loop for a task until it is let go', async () => {
    assert.match((await run('freeze')).stdout, /No task is frozen/);
    const frozen = await run('freeze', 'sentiment', '--reason', 'labels are checked');
    assert.match(frozen.stdout, /sentiment .*labels are checked/);
    await assertRefused(
      ['experiment', 'start', 'sentiment', '--treatment', 'sentiment@1.0.0'],
      'frozen',
      /is frozen by .*: labels are checked/,
    );
    assert.equal((await run('models', 'promote', 'sentiment@1.0.0')).code, 0);
    await untilAnswered('sentiment@1.0.0 -');
    assert.equal((await json<unknown[]>('freeze')).length, 1);
    assert.deepEqual(await json('freeze', '--off', 'sentiment'), []);
    await assertRefused(['freeze', '--reason', 'x'], 'no-task', /no task is named/);
    assert.deepEqual(
      (await json<{ task: string }[]>('freeze', '--all', '--reason', 'all')).map(({ task }) => task),
      ['sentiment'],
    );
    assert.deepEqual(await json('freeze', '--off', '--all'), []);
  });

  it('and experiment have help with examples', async () => {
    for (const argv of [
      ['freeze'],
      ...['start', 'stop', 'status', 'list'].map((name) => ['experiment', name]),
    ]) {
      const { code, stdout } = await run(...argv, '--help');
      assert.equal(code, 0);
      assert.match(stdout, /\nExamples?:\n {2}millrace \S/, argv.join(' '));
      assert.match(stdout, /--json/, argv.join(' '));
    }
  });
});
