// Signals over what ClickHouse really holds: an hour of traffic that turns slow and bad towards its end.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { builtInRules } from '../../../processors/alerts/built-in.ts';
import type { Rule } from '../../../processors/alerts/rule.ts';
import { DriftWatch } from '../../../streams/alerts/drift-watch.ts';
import { readings } from '../../../streams/alerts/readings.ts';
import { observe } from '../../../streams/alerts/signals.ts';
import { loadConfiguration } from '../../../streams/configuration/configuration.ts';
import { openStack, type Stack } from '../../../streams/stack.ts';
import { scratchDirectory } from '../../e2e/running.ts';
import { start } from '../../processors/alerts/alert.ts';
import { evaluatorOf } from './subject.ts';

const minute = 60_000;
const builtIn = (name: string): Rule => builtInRules.find((rule) => rule.name === name)!;

describe('signals that ClickHouse knows', () => {
  const directory = scratchDirectory();
  let stack: Stack;

  before(async () => {
    const env = {
      MILLRACE_DATA_DIRECTORY: directory.path,
      MILLRACE_LOG_LEVEL: 'silent',
      MILLRACE_STREAMS: 'alerts',
      MILLRACE_ALERTS_EVERY_MS: '60000',
    };
    stack = await openStack(loadConfiguration({ env }), async () => 1);
    // Ten messages a second for an hour, scored within 40 ms; from minute 50 on within 8 s.
    const rows = `toDateTime64(${start / 1_000}, 3, 'UTC') + number / 10 AS ingestTime, ingestTime AS eventTime,
      toString(number) AS id, id AS messageId, 'comment' AS kind, 'default' AS tenant`;
    const late = 'number >= 30000 ? 8000 : 40';
    await stack.clickhouse.command(
      `INSERT INTO scores (ingestTime, eventTime, id, messageId, kind, tenant, _time)
       SELECT ${rows}, addMilliseconds(ingestTime, ${late}) FROM numbers(36000)`,
    );
    // A fifth of the texts says nothing, or nothing in a language; every tenth of the last quarter of an hour is refused.
    await stack.clickhouse.command(
      `INSERT INTO predictions (ingestTime, eventTime, id, messageId, kind, tenant, _time, textLength, language)
       SELECT ${rows}, ingestTime, number % 10 = 0 ? 1 : 40, number % 10 = 1 ? 'und' : 'en' FROM numbers(36000)`,
    );
    await stack.clickhouse.command(
      `INSERT INTO dead_letters (ingestTime, eventTime, id, tenant, stage, code, fromTopic, fromPartition, fromOffset, _time)
       SELECT toDateTime64(${start / 1_000}, 3, 'UTC') + 2700 + number AS ingestTime, ingestTime, toString(number), 'default',
         'features', 'no-text', 'comments', 0, number, ingestTime FROM numbers(900)`,
    );
  });
  after(async () => {
    await stack.close();
    directory.remove();
  });

  const end = start + 60 * minute;
  const seen = async (rule: Rule, at = end) => {
    const drift = await DriftWatch.open(stack, { once: true });
    return observe({ stack, drift, isRetired: () => false }, rule, at);
  };
  const sql = (text: string, more: Partial<Rule> = {}): Rule => ({
    ...{ ...builtIn('latency'), name: 'own', signal: 'sql', sql: text, forMs: 0, samplesMin: 1 },
    ...more,
  });

  it('latency is the 95th percentile from message to score within the window', async () => {
    const [late] = await seen(builtIn('latency'));
    assert.equal(late!.value, 8_000);
    const [early] = await seen(builtIn('latency'), start + 30 * minute);
    assert.equal(early!.value, 40);
    const [none] = await seen(builtIn('latency'), start - minute);
    assert.equal(none!.value, null);
  });

  it('a reading goes through its window, not through all that the month holds', async () => {
    for (const name of ['latency', 'data-quality'] as const) {
      const estimates: { rows: number }[] = [];
      const query: Stack['clickhouse']['query'] = async (sql, parameters) => {
        const rows = await stack.clickhouse.query<{ rows: number }>(`EXPLAIN ESTIMATE ${sql}`, parameters);
        estimates.push(...rows);
        return [];
      };
      const clickhouse = { ...stack.clickhouse, query };
      const span = { from: start + 20 * minute, to: start + 25 * minute };
      await readings[name]({ ...stack, clickhouse }, builtIn(name), span);
      const read = estimates.reduce((sum, { rows }) => sum + Number(rows), 0);
      // Five minutes are 3,000 of the 36,000 rows; two granules at most hold them.
      assert.ok(read >= 3_000 && read <= 2 * 8_192, `${name}: ${read}`);
    }
  });

  it('the error rate counts each refused record once, and too few messages are no data', async () => {
    const [now] = await seen({ ...builtIn('error-rate'), windowMs: 5 * minute }, start + 50 * minute);
    // 300 letters; the scores of 5 minutes less the 40 ms in which the last ones were made.
    assert.ok(Math.abs(now!.value! - 300 / 3_300) < 1e-3, String(now!.value));
    assert.equal(now!.evidence.codes, 'no-text');
    const [quiet] = await seen(builtIn('error-rate'), start + 10 * minute);
    assert.equal(quiet!.value, 0);
    const [few] = await seen({ ...builtIn('error-rate'), samplesMin: 100_000 });
    assert.equal(few!.value, null);
  });

  it('data quality is the share of messages that are short, of no known language, or refused', async () => {
    const [{ value, evidence } = assert.fail('nothing')] = await seen(builtIn('data-quality'));
    assert.ok(Math.abs(value! - (7_200 + 900) / 36_900) < 1e-9);
    assert.deepEqual(evidence, { short: '3600', unknownLanguage: '3600', refused: '900', samples: '36900' });
  });

  it('a price makes a cost a day of the messages of the window', async () => {
    const rule: Rule = { ...builtIn('latency'), signal: 'cost', price: 0.5, windowMs: 60 * minute };
    assert.equal((await seen(rule))[0]!.value, (36_000 / 1_000) * 0.5 * 24);
  });

  it('inference is counted between two looks of this process, and before the second there is no data', async () => {
    const rule: Rule = {
      ...builtIn('latency'),
      signal: 'cost',
      price: null,
      windowMs: 10 * minute,
      samplesMin: 1,
    };
    assert.deepEqual(await seen(rule, end), []);
    stack.metrics.inferenceSeconds.observe({ task: 'sentiment' }, 3);
    stack.metrics.inferenceTexts.add({ task: 'sentiment', release: 'sentiment@1.0.0' }, 2_000);
    assert.equal((await seen(rule, end + minute))[0]!.value, 1.5);
  });

  it('a statement gives one number or several by name; no rows and no number are told apart', async () => {
    assert.deepEqual(
      (await seen(sql('SELECT count() FROM scores WHERE ingestTime < fromUnixTimestamp64Milli({to})'))).map(
        ({ series, value }) => [series, value],
      ),
      [['', 36_000]],
    );
    const named = await seen(sql('SELECT language, count() FROM predictions GROUP BY 1 ORDER BY 1'));
    assert.deepEqual(
      named.map(({ series, value }) => [series, value]),
      [
        ['en', 32_400],
        ['und', 3_600],
      ],
    );
    assert.equal((await seen(sql('SELECT avgOrNull(complexity) FROM scores WHERE 0')))[0]!.value, null);
    await assert.rejects(seen(sql("SELECT 'many'")), /gives "many", which is no number/);
    await assert.rejects(seen(sql('ALTER TABLE scores DELETE WHERE 1')), /Only statements that read/);
  });

  it('accuracy of releases is asked for where answers have labels', async () => {
    assert.deepEqual(await seen(builtIn('accuracy')), []);
    assert.deepEqual(await seen({ ...builtIn('accuracy'), task: 'sentiment' }), []);
  });

  it('a process that starts finds out since when a signal has been past its threshold', async (t) => {
    // Past 5 s since minute 50, and the window is 5 minutes: the percentile turns soon after that.
    const early = await evaluatorOf(t, stack, [builtIn('latency')]);
    assert.deepEqual(await early.look(start + 53 * minute), []);
    const { look } = await evaluatorOf(t, stack, [builtIn('latency')]);
    assert.deepEqual(await look(start + 58 * minute), ['latency firing warning']);
    const again = await evaluatorOf(t, stack, [builtIn('latency')]);
    assert.deepEqual(await again.look(start + 59 * minute), []);
    assert.deepEqual(await again.look(start + 120 * minute), ['latency resolved warning']);
  });

  it('a signal that cannot be read changes nothing, unless the rule says that this is bad', async (t) => {
    const rules = [
      sql('SELECT no FROM scores', { name: 'kept', noData: 'ok' }),
      sql('SELECT no FROM scores', { name: 'bad', noData: 'alert' }),
    ];
    const { look } = await evaluatorOf(t, stack, rules);
    assert.deepEqual(await look(end), ['bad firing warning']);
  });
});
