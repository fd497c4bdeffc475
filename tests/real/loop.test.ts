// The whole loop on a real Kafka, shortened: drift, labels, a candidate, shadow, canary, promotion, then a bad candidate
// and its rollback, with kill -9 of every participant at every step. The loop goes on each time, no message is lost or
// doubled, no decision is taken twice, and alerts reach whoever is to be told.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { prepareReleases, task } from '../../load-tests/loop/champion.ts';
import { playLoop } from '../../load-tests/loop/loop.ts';
import { materialOf } from '../../load-tests/loop/material.ts';
import { champion } from '../../load-tests/loop/script.ts';
import { type Entry, lineOf } from '../../load-tests/loop/story.ts';
import type { Notification } from '../../schemas/notification.ts';
import { httpReceiver } from '../connectors/notification/receiver.ts';
import { reached } from '../contract/log/subject.ts';
import { openKafkaWorld } from './loop-world.ts';

const periods = 24;
const ports = 29_160;

/** At the first of each of these every participant dies. */
const steps = [
  ...(['drifted', 'retraining-requested', 'training-started', 'candidate-trained'] as const),
  ...(['shadowed', 'canaried', 'promoted', 'rolled-back'] as const),
];

const isFirst = ({ what, release }: Entry): boolean => what === 'promoted' && release === champion;

test('the loop survives kill -9 of each participant at each step, and decides everything once', {
  timeout: 590_000,
}, async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-loop-test-'));
  const whole = materialOf('reviews');
  const material = { ...whole, past: whole.past.slice(0, 4_000) };
  await prepareReleases(material, { models: join(folder, 'models'), sets: join(folder, 'data', 'sets') });
  const receiver = await httpReceiver();
  const told = () =>
    receiver.received
      .flatMap(({ body }) => (JSON.parse(body) as Notification).alerts)
      .map(({ rule, state }) => `${rule} is ${state}`);
  // One small model, so that starting again costs little: nine times four processes do.
  const world = await openKafkaWorld(folder, ports, {
    MILLRACE_COMMENT_TASKS: task,
    MILLRACE_PROMPT_TASKS: task,
    MILLRACE_RETRAINING_PROTECTED: 'kind',
    MILLRACE_ALERTS_WEBHOOK_URL: receiver.url,
    MILLRACE_ALERTS_GROUP_MS: '1000',
    // Labels come a period later: fewer than a few periods of them teach nothing.
    MILLRACE_RETRAINING_DRIFT_REPORTS_MIN: '4',
    MILLRACE_EXPERIMENTS_CANARY_SHARE: '0.2',
    // By the clock: here a candidate is tried while all are killed and come back.
    MILLRACE_EXPERIMENTS_LASTS_MS: '400000',
  });
  const killedAt: string[] = [];
  let killing = Promise.resolve();
  try {
    const played = playLoop(world, {
      material,
      models: join(folder, 'models'),
      pace: { periods, rowsPerPeriod: 600, labelShare: 0.8 },
      bad: { afterPromotion: 2, beforeEnd: 5 },
      endsEarly: true,
      badServedMax: 400,
      gainMin: 0.02,
      signal: context.signal,
      onEntry(entry) {
        context.diagnostic(lineOf(entry).trimEnd());
        // What served from the beginning is written down when the first decision is taken: no step of its own.
        const isStep = steps.some((step) => step === entry.what) && !isFirst(entry);
        if (!isStep || killedAt.includes(entry.what)) return;
        killedAt.push(entry.what);
        killing = killing.then(() => world.killAll());
      },
      onPeriod: () => {},
    });
    // Why it stands still, where it does.
    await played.catch(() => {});
    await killing;
    assert.deepEqual(world.ended, []);
    const { verdict, timeline } = await played;
    for (const { promise, kept, seen } of verdict) assert.ok(kept, `${promise}: ${seen}`);
    assert.deepEqual(new Set(killedAt), new Set(steps), timeline.map(lineOf).join(''));
    // People heard of it through all of this: that the old model drifted, and that this is over since it serves no more.
    const wanted = ['firing', 'resolved'].map((state) => `drift/${champion} is ${state}`);
    await reached(() => wanted.every((alert) => told().includes(alert))).catch(() => {});
    assert.deepEqual(
      wanted.filter((alert) => !told().includes(alert)),
      [],
      `told were ${told().join('; ')}`,
    );
  } finally {
    await killing.catch(() => {});
    await world.close();
    await receiver.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
