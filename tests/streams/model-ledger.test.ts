// The ledger of decisions over a real log: what is recorded is read back, folded the same by everyone, and decided once.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { openEmbeddedLog } from '../../connectors/embedded-log/embedded-log.ts';
import type { Log } from '../../connectors/log.ts';
import { createLogger } from '../../connectors/logger.ts';
import { openEmbeddedRegistry } from '../../connectors/registry/embedded.ts';
import { openWire } from '../../connectors/wire/wire.ts';
import { topics } from '../../schemas/topics.ts';
import { type Decision, type Ledger, openLedger } from '../../streams/model-ledger.ts';

const root = await mkdtemp(join(tmpdir(), 'millrace-ledger-'));
const logger = createLogger({ level: 'silent', format: 'json' });
let log: Log;
let stack: Parameters<typeof openLedger>[0];
const opened: Ledger[] = [];

const open = async (): Promise<Ledger> => {
  const ledger = await openLedger(stack);
  opened.push(ledger);
  return ledger;
};

before(async () => {
  log = await openEmbeddedLog({ directory: join(root, 'log') });
  await log.createTopics([{ name: 'model-events', partitions: 1, compacted: true }]);
  const registry = await openEmbeddedRegistry({ file: join(root, 'registry.json') });
  const wire = await openWire({ topics, registry, format: 'avro' });
  stack = { log, wire, logger, now: Date.now };
});
after(async () => {
  for (const ledger of opened) await ledger.close();
  await log.close();
  await rm(root, { recursive: true, force: true });
});

const decision = (task: string, event: Decision['event'], changes: Partial<Decision> = {}): Decision => ({
  task,
  event,
  release: `${task}@1.0.0`,
  reason: 'a test',
  evidence: {},
  of: 'test',
  ...changes,
});

describe('the ledger of decisions', () => {
  it('knows nothing of a task about which nothing was decided', async () => {
    const state = (await open()).state('untouched');
    assert.deepEqual(
      [state.serving, state.retraining, state.experiments, state.frozen],
      [null, null, [], null],
    );
  });

  it('resolves a decision when it is read back, and a new reader finds the same', async () => {
    const ledger = await open();
    const { event, counted } = await ledger.record(
      decision('read-back', 'retraining-requested', { evidence: { cause: 'drift', report: 'r-1' } }),
    );
    assert.ok(counted);
    assert.equal(ledger.state('read-back').retraining?.request, event.id);
    assert.deepEqual((await open()).state('read-back'), ledger.state('read-back'));
  });

  it('counts a decision that is recorded again once', async () => {
    const ledger = await open();
    const first = await ledger.record(decision('again', 'promoted'));
    const second = await ledger.record(decision('again', 'promoted'));
    const elsewhere = await (await open()).record(decision('again', 'promoted'));
    assert.deepEqual([first.counted, second.counted, elsewhere.counted], [true, false, false]);
    assert.equal(second.event.id, first.event.id);
  });

  it('lets one of two decisions count that do not go together, the same for both who decide', async () => {
    const [one, other] = await Promise.all([open(), open()]);
    const recorded = await Promise.all([
      one.record(decision('race', 'retraining-requested', { of: 'one', reason: 'one' })),
      other.record(decision('race', 'retraining-requested', { of: 'other', reason: 'other' })),
    ]);
    assert.deepEqual(recorded.map(({ counted }) => counted).sort(), [false, true]);
    const winner = recorded.find(({ counted }) => counted)!.event;
    for (const ledger of [one, other, await open()])
      assert.equal(ledger.state('race').retraining?.request, winner.id);
  });

  it('tells who listens of what counted, and of nothing else', async () => {
    const [writer, reader] = await Promise.all([open(), open()]);
    const told: string[] = [];
    const both = new Promise<void>((resolve) => {
      reader.onDecision((state, event) => {
        if (state.task !== 'told') return;
        told.push(event.event);
        if (told.length === 2) resolve();
      });
    });
    await writer.record(decision('told', 'frozen', { of: '1' }));
    await writer.record(decision('told', 'retraining-requested'));
    await writer.record(decision('told', 'thawed', { of: '2' }));
    await both;
    assert.deepEqual(told, ['frozen', 'thawed']);
  });

  it('counts a decision once, however late it is written again, and after a freeze that refused it', async () => {
    const ledger = await open();
    const asked = decision('late', 'retraining-requested');
    const { event } = await ledger.record(asked);
    await ledger.record(decision('late', 'training-declined', { request: event.id }));
    const spec = (await log.ranges(['model-events']))[0]!;
    const whole = { from: new Map([[0, spec.start]]), to: new Map([[0, spec.end]]) };
    for await (const { records } of log.read('model-events', whole)) {
      await stack.wire.prepare('model-events', records);
      const copies = records.filter((record) => {
        const message = stack.wire.decode('model-events', 0, record);
        return 'id' in message && message.id === event.id;
      });
      if (copies.length > 0) await log.publish([{ topic: 'model-events', records: copies }]);
    }
    await ledger.record(decision('late', 'frozen', { of: '1' }));
    assert.equal((await ledger.record(decision('late', 'retraining-requested', { of: '2' }))).counted, false);
    await ledger.record(decision('late', 'thawed', { of: '1' }));
    assert.equal(ledger.state('late').retraining, null);
    assert.ok((await ledger.record(decision('late', 'retraining-requested', { of: '2' }))).counted);
    assert.deepEqual((await open()).state('late'), ledger.state('late'));
  });

  it('passes over what is no decision', async () => {
    const ledger = await open();
    const garbage = {
      key: Buffer.from('garbage'),
      value: Buffer.from('{'),
      headers: {},
      timestamp: Date.now(),
    };
    await log.publish([{ topic: 'model-events', records: [garbage] }]);
    assert.ok((await ledger.record(decision('garbage', 'promoted'))).counted);
    assert.equal((await open()).state('garbage').serving?.release, 'garbage@1.0.0');
  });
});
