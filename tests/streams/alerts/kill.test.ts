// kill -9 of the deliverer, again and again, wherever it is: no alert is lost, and at most the notification that was on
// its way is told twice, under the same id.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { compiler } from '../../../infra/compiled.mjs';
import type { Notification } from '../../../schemas/notification.ts';
import { publishAlerts } from '../../../streams/alerts/book.ts';
import { deliveryGroup } from '../../../streams/alerts/delivery.ts';
import { httpReceiver, taken } from '../../connectors/notification/receiver.ts';
import { reached } from '../../contract/log/subject.ts';
import { scratchDirectory } from '../../e2e/running.ts';
import { alertOf } from '../../processors/alerts/alert.ts';
import { openLightStack } from './subject.ts';

const program = fileURLToPath(new URL('deliverer-process.ts', import.meta.url));

/** Alerts, each of a group of its own, and after which of them the deliverer is killed. */
const alertsCount = 20;
const kills = [
  { at: 5, when: 'before the answer' },
  { at: 14, when: 'after the answer' },
] as const;

test('a deliverer that is killed loses nothing', async (t) => {
  const directory = scratchDirectory();
  const receiver = await httpReceiver();
  t.after(async () => {
    await receiver.close();
    directory.remove();
  });
  const stack = await openLightStack(directory.path);
  const alerts = Array.from({ length: alertsCount }, (_, index) =>
    alertOf(`rule-${index}`, '1', { group: `group-${index}` }),
  );
  await publishAlerts(stack, alerts);
  await stack.close();
  const told = () => receiver.received.map(({ body }) => JSON.parse(body) as Notification);
  const deliver = () =>
    spawn(process.execPath, [compiler, program, directory.path, receiver.url], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  for (const { at, when } of kills) {
    const child = deliver();
    const ended = once(child, 'exit');
    receiver.answer = (seen, response) => {
      if (receiver.received.length < at) return taken(seen, response);
      if (when === 'after the answer') response.writeHead(200).end(() => child.kill('SIGKILL'));
      else child.kill('SIGKILL');
    };
    const [, signal] = await ended;
    assert.equal(signal, 'SIGKILL');
  }
  receiver.answer = taken;
  const last = deliver();
  const rules = () => new Set(told().flatMap(({ alerts: shown }) => shown.map(({ rule }) => rule)));
  await reached(async () => rules().size === alertsCount);
  const ended = once(last, 'exit');
  last.kill('SIGKILL');
  await ended;
  const ids = told().map(({ id }) => id);
  const repeated = ids.length - new Set(ids).size;
  assert.ok(repeated === kills.length, `${repeated} were told twice`);
  assert.equal(new Set(ids).size, alertsCount);
  const after = await openLightStack(directory.path);
  t.after(() => after.close());
  const [position] = await after.log.positions(deliveryGroup('webhook'), ['alerts']);
  assert.ok(position!.offset >= alertsCount - 1);
});
