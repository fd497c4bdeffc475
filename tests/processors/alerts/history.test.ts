// The history of alerts over years: what flaps is remembered for as long as the log holds it, and no longer.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { History } from '../../../processors/alerts/history.ts';
import { silenceNotice } from '../../../processors/alerts/silence.ts';
import { alertOf, start } from './alert.ts';

const hour = 3_600_000;

test('alerts that flap are forgotten when the log holds them no more, what fires and the newest are not', () => {
  const history = new History({ rememberedMs: 24 * hour });
  let offset = 0;
  const take = (alert: Parameters<History['take']>[0], time: number) =>
    history.take(alert, { offset: offset++, time });
  const lasting = alertOf('lasting', '1');
  take(lasting, start);
  const silence = { id: 's', from: start, to: start + hour, by: 'ann', reason: 'known' };
  take(
    silenceNotice({ ...silence, matchers: [{ name: 'rule', operator: '=', value: 'x' }] }, 'firing', start),
    start,
  );
  let largest = 0;
  for (let hours = 0; hours < 1_000; hours += 1) {
    const time = start + hours * hour;
    assert.equal(take(alertOf('flapping', String(hours)), time).hidden, null);
    assert.equal(take(alertOf('flapping', String(hours), { state: 'resolved' }), time).hidden, null);
    largest = Math.max(largest, history.size);
  }
  // Three for each hour of a day: both messages and the incident.
  assert.ok(largest <= 3 * 25 + 3, String(largest));
  assert.deepEqual(history.silences, []);
  assert.deepEqual(
    history.latest.map(({ rule, endedAt }) => [rule, endedAt === null]),
    [
      ['lasting', true],
      ['flapping', false],
    ],
  );
  const now = start + 999 * hour;
  assert.equal(take(alertOf('flapping', '999', { state: 'resolved' }), now).hidden, 'repeated');
  assert.equal(take(alertOf('flapping', '990'), now).hidden, 'repeated');
  assert.equal(take(alertOf('lasting', '1', { state: 'resolved' }), now).hidden, null);
});
