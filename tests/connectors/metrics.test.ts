// Metrics: names that dashboards may rely on, and that the exposition follows what was recorded.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createMetrics } from '../../connectors/metrics.ts';

it('what is recorded is what is printed', async () => {
  const metrics = createMetrics();
  metrics.recordsIn.add({ stream: 'scoring', topic: 'predictions' }, 5);
  metrics.recordsIn.add({ stream: 'scoring', topic: 'predictions' });
  metrics.deadLetters.add({ stage: 'features', code: 'no-text' });
  metrics.recordAgeSeconds.observe({ stream: 'chain', topic: 'comments' }, 0.004);
  metrics.lagRecords.set({ group: 'scoring', topic: 'predictions', partition: '0' }, 12);
  metrics.lagRecords.set({ group: 'scoring', topic: 'predictions', partition: '1' }, 3);
  metrics.lagRecords.remove({ group: 'scoring', topic: 'predictions', partition: '1' });
  const text = await metrics.print();
  assert.match(text, /^millrace_records_in_total\{stream="scoring",topic="predictions"\} 6$/m);
  assert.match(text, /^millrace_dead_letters_total\{stage="features",code="no-text"\} 1$/m);
  assert.match(
    text,
    /^millrace_record_age_seconds_bucket\{le="0\.005",stream="chain",topic="comments"\} 1$/m,
  );
  assert.match(
    text,
    /^millrace_record_age_seconds_bucket\{le="0\.002",stream="chain",topic="comments"\} 0$/m,
  );
  assert.match(text, /^millrace_lag_records\{group="scoring",topic="predictions",partition="0"\} 12$/m);
  assert.doesNotMatch(text, /partition="1"/);
  assert.match(text, /^process_resident_memory_bytes \d/m);
});

it('every metric has our prefix, a base unit and a help line', async () => {
  const text = await createMetrics().print();
  const helps = [...text.matchAll(/^# HELP (\S+) (.*)$/gm)].filter(([, name = '']) =>
    name.startsWith('millrace_'),
  );
  assert.ok(helps.length >= 18, `${helps.length} metrics`);
  for (const [, name = '', help = ''] of helps) {
    assert.match(
      name,
      /^millrace_[a-z_]+(_total|_seconds|_bytes|_records|_partitions|_texts|_statistic|_ratio|_requests|_clients|_workers|_tokens|_info)$/,
    );
    assert.match(help, /^[A-Z].*\.$/, name);
  }
});

it('two registries do not mix', async () => {
  const [one, other] = [createMetrics(), createMetrics()];
  one.assignments.add({ stream: 'sinks' });
  assert.doesNotMatch(await other.print(), /stream="sinks"/);
});
