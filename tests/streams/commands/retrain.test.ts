// `millrace retrain` and `millrace trainer` as people use them: asking, being refused, looking, training at once.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { ModelEvent } from '../../../schemas/model-event.ts';
import { whoDecides } from '../../../streams/decision-by-hand.ts';
import { openLedger } from '../../../streams/model-ledger.ts';
import type { Stack } from '../../../streams/stack.ts';
import { MoodPlace, storeLabelled, texts } from '../retraining/mood.ts';
import { execute } from './executed.ts';

const place = new MoodPlace();
let stack: Stack;
before(async () => {
  await place.prepare();
  stack = await place.open();
});
after(async () => {
  await stack?.close();
  place.remove();
});

const run = (...argv: readonly string[]) =>
  execute(argv, { env: place.env(), workingDirectory: place.path, stack });

describe('millrace retrain', { timeout: 120_000 }, () => {
  it('says that nothing is there before anybody asked', async () => {
    assert.deepEqual(await run('retrain', 'list', '--json'), { code: 0, stdout: '[]\n', stderr: '' });
    assert.match((await run('retrain', 'list')).stderr, /no request is open/);
    assert.match((await run('retrain', 'status')).stderr, /nothing was trained/);
    const nobody = await run('retrain');
    assert.equal(nobody.code, 2);
    assert.match(nobody.stderr, /no task is named/);
    const unknown = await run('retrain', 'nonsense');
    assert.equal(unknown.code, 2);
    assert.match(unknown.stderr, /no release of the task “nonsense”/);
  });

  it('puts a request that is listed with its cause, and refuses another', async () => {
    const { code, stdout } = await run('retrain', 'mood', '--reason', 'new slang', '--json');
    assert.equal(code, 0);
    const { request } = JSON.parse(stdout) as { readonly request: string };
    const [open] = JSON.parse((await run('retrain', 'list', '--json')).stdout) as readonly Record<
      string,
      unknown
    >[];
    assert.deepEqual(
      { ...open, asked: undefined },
      {
        task: 'mood',
        request,
        release: 'mood@1.0.0',
        cause: 'by-hand',
        asked: undefined,
        state: 'open',
        trainer: 'here',
        reason: 'new slang',
        evidence: { cause: 'by-hand' },
      },
    );
    const again = await run('retrain', 'mood', '--json');
    assert.equal(again.code, 2);
    assert.equal((JSON.parse(again.stderr) as { error: { code: string } }).error.code, 'retraining-refused');
    assert.match((await run('retrain', 'mood')).stderr, new RegExp(`the request ${request} is open`));
  });

  it('cancels the open request, and another may be put', async () => {
    const ledger = await openLedger(stack);
    const events: ModelEvent[] = [];
    const declined = new Promise<void>((resolve) => {
      ledger.onDecision((_, event) => {
        events.push(event);
        resolve();
      });
    });
    const cancelled = await run('retrain', 'cancel', 'mood', '--reason', 'the labels are wrong', '--json');
    assert.equal(cancelled.code, 0, cancelled.stderr);
    assert.equal((JSON.parse(cancelled.stdout) as { readonly state: string }).state, 'cancelled');
    await declined;
    assert.equal(ledger.state('mood').retraining, null);
    await ledger.close();
    assert.deepEqual(
      events.map(({ event, reason, by }) => [event, reason, by]),
      [['training-declined', 'the labels are wrong', whoDecides()]],
    );
    const again = await run('retrain', 'cancel', 'mood');
    assert.equal(again.code, 2);
    assert.match(again.stderr, /no request of mood is open/);
    assert.equal((await run('retrain', 'mood')).code, 0);
  });

  it('trains the open request at once, and shows what came of it', async () => {
    await storeLabelled(stack.clickhouse, texts('now', 600));
    const { code, stdout, stderr } = await run('retrain', 'mood', '--train-now');
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^mood@1\.1\.0 passed the gate: .*100\.0 % of the error/);
    assert.match(stderr, /collecting\n.*checking\n.*training incremental\n.*training scratch\n.*judging/s);
    const [done] = JSON.parse((await run('retrain', 'status', 'mood', '--json')).stdout) as readonly {
      readonly judgement: { readonly passed: string; readonly trials: readonly unknown[] };
    }[];
    assert.equal(done!.judgement.trials.length, 2);
    assert.match((await run('retrain', 'status')).stdout, /mood@1\.0\.0 .*passed/);
    const ledger = await openLedger(stack);
    assert.equal(ledger.state('mood').candidate?.release, 'mood@1.1.0');
    await ledger.close();
    const busy = await run('retrain', 'mood');
    assert.match(busy.stderr, /mood@1\.1\.0 is being tried/);
  });
});

describe('millrace trainer', { timeout: 120_000 }, () => {
  it('runs until it is stopped', async () => {
    const stop = new AbortController();
    const running = execute(['trainer', '--json'], {
      env: place.env(),
      workingDirectory: place.path,
      stack,
      signal: stop.signal,
    });
    setTimeout(() => stop.abort(new Error('Ctrl-C')), 500);
    const { code, stdout } = await running;
    assert.equal(code, 0);
    assert.deepEqual(JSON.parse(stdout), { trainer: 'running', tasks: ['mood'] });
  });
});
