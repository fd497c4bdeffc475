// Alert rules and channels in the configuration: as a variable and in YAML, and every mistake told.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { describeConfiguration, loadConfiguration } from '../../../streams/configuration/configuration.ts';

const directory = mkdtempSync(join(tmpdir(), 'millrace-rules-'));
after(() => rmSync(directory, { recursive: true }));

const rulesOf = (rules: unknown) =>
  loadConfiguration({
    env: {
      MILLRACE_ALERTS_RULES: JSON.stringify(rules),
      MILLRACE_ALERTS_SLACK_URL: 'https://hooks.example.org/services/secret',
    },
  }).alerting.rules;

test('a variable and a file say the same', () => {
  const file = join(directory, 'millrace.yaml');
  writeFileSync(
    file,
    `alerting:
  rules:
    - name: slow
      signal: latency
      above: 2000
      for: 5m
      window: 10m
      labels: { team: ml }
      escalate:
        - { after: 30m, severity: critical, channels: [slack] }
    - name: refunds
      signal: sql
      sql: SELECT count() FROM scores WHERE intent = 'refund' AND _time >= fromUnixTimestamp64Milli({from})
      below: 1
      noData: alert
  slack: { url: https://hooks.example.org/services/secret, matching: [severity=critical] }
`,
  );
  const { alerting } = loadConfiguration({ env: {}, file });
  const [slow, refunds] = alerting.rules;
  assert.deepEqual(slow, {
    name: 'slow',
    signal: 'latency',
    comparison: 'above',
    threshold: 2_000,
    forMs: 300_000,
    windowMs: 600_000,
    samplesMin: 1,
    severity: 'warning',
    group: null,
    labels: { team: 'ml' },
    channels: [],
    noData: 'keep',
    escalations: [{ afterMs: 1_800_000, severity: 'critical', channels: ['slack'] }],
    task: null,
    figure: 'verdict',
    sql: null,
    price: null,
  });
  assert.deepEqual([refunds!.comparison, refunds!.threshold, refunds!.noData], ['below', 1, 'alert']);
  assert.deepEqual(alerting.slack.matching, [{ name: 'severity', operator: '=', value: 'critical' }]);
  const [again] = rulesOf([
    {
      ...{ name: 'slow', signal: 'latency', above: 2000, for: '5m', window: '10m', labels: { team: 'ml' } },
      escalate: [{ after: '30m', severity: 'critical', channels: ['slack'] }],
    },
  ]);
  assert.deepEqual(again, slow);
});

for (const [rule, says] of [
  [{ name: 'a', signal: 'latency' }, /either above or below/],
  [{ name: 'a', signal: 'latency', above: 1, below: 2 }, /either above or below/],
  [{ name: 'a', signal: 'drift', above: 1 }, /needs neither above nor below/],
  [{ name: 'a', signal: 'sql', above: 1 }, /sql belongs to the signal sql/],
  [{ name: 'a', signal: 'lag', above: 1, price: 2 }, /price belongs to the signal cost/],
  [{ name: 'a', signal: 'lag', above: 1, for: 'soon' }, /rules \(1 for\)/],
  [{ name: 'a', signal: 'lag', above: 1, wehn: 1 }, /wehn/],
  [{ name: 'A!', signal: 'lag', above: 1 }, /small letters/],
] as const)
  test(`refused: ${JSON.stringify(rule)}`, () => {
    assert.throws(() => rulesOf([rule]), says);
  });

test('no text that is no JSON, and no matcher that is none', () => {
  assert.throws(() => loadConfiguration({ env: { MILLRACE_ALERTS_RULES: 'latency above 5' } }), /Give rules/);
  assert.throws(
    () => loadConfiguration({ env: { MILLRACE_ALERTS_SLACK_MATCHING: 'rule=~(' } }),
    /no regular expression/,
  );
});

test('what contradicts itself is found', () => {
  const load = (env: Readonly<Record<string, string>>) => void loadConfiguration({ env });
  const lag = { name: 'a', signal: 'lag', above: 1 };
  const rules = (...given: readonly object[]) => ({ MILLRACE_ALERTS_RULES: JSON.stringify(given) });
  assert.throws(() => load(rules(lag, lag)), /two alert rules are called a/);
  assert.throws(() => load(rules({ ...lag, channels: ['email'] })), /tells email, which is not set up/);
  const host = { MILLRACE_ALERTS_EMAIL_HOST: 'mail.example.org' };
  assert.throws(() => load(host), /a sender and recipients/);
  const mail = {
    ...host,
    MILLRACE_ALERTS_EMAIL_FROM: 'a@example.org',
    MILLRACE_ALERTS_EMAIL_TO: 'b@example.org,c@example.org',
  };
  load(mail);
  const password = { MILLRACE_ALERTS_EMAIL_PASSWORD: 'p' };
  assert.throws(() => load({ ...mail, ...password }), /not both/);
  const readable = {
    ...password,
    MILLRACE_ALERTS_EMAIL_USERNAME: 'u',
    MILLRACE_ALERTS_EMAIL_SECURITY: 'none',
  };
  assert.throws(() => load({ ...mail, ...readable }), /readable over the network/);
});

test('secrets of channels come from files and are shown nowhere', () => {
  const file = join(directory, 'slack');
  writeFileSync(file, 'https://hooks.example.org/services/secret\n');
  const configuration = loadConfiguration({
    env: { MILLRACE_ALERTS_SLACK_URL_FILE: file, MILLRACE_ALERTS_WEBHOOK_SECRET: 'hush' },
  });
  assert.equal(configuration.alerting.slack.url, 'https://hooks.example.org/services/secret');
  const shown = JSON.stringify(describeConfiguration(configuration));
  assert.ok(!shown.includes('services/secret') && !shown.includes('hush'));
});
