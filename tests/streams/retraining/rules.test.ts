// The settings of retraining: what holds for one task, and what contradicts itself.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfiguration } from '../../../streams/configuration/configuration.ts';
import { retrainingChecks } from '../../../streams/configuration/retraining-checks.ts';
import { rulesFor } from '../../../streams/retraining/rules.ts';

const load = (env: Readonly<Record<string, string>>) => loadConfiguration({ env });

test('a rule holds for its task alone, and leaves the rest to the settings of all', () => {
  const configuration = load({
    MILLRACE_RETRAINING_RULES:
      'task=toxicity accuracy=0.8 cooldown=1h triggers=accuracy|labels protected=label; task=hate labels=50 schedule=1d',
    MILLRACE_RETRAINING_GAIN_MIN: '0.1',
  });
  const toxicity = rulesFor(configuration, 'toxicity');
  assert.deepEqual(
    [toxicity.accuracyMin, toxicity.cooldownMs, toxicity.triggers, toxicity.protected, toxicity.gainMin],
    [0.8, 3_600_000, ['accuracy', 'labels'], ['label'], 0.1],
  );
  const hate = rulesFor(configuration, 'hate');
  assert.deepEqual([hate.labelsNew, hate.scheduleMs, hate.accuracyMin], [50, 86_400_000, 0.5]);
  assert.deepEqual(rulesFor(configuration, 'emotion'), configuration.retraining);
});

test('what cannot be is refused with the part that is wrong', () => {
  const rule = (text: string) => () => load({ MILLRACE_RETRAINING_RULES: text });
  assert.throws(rule('task=toxicity accuracy=8'), /accuracy/);
  assert.throws(rule('task=toxicity triggers=whim'), /triggers/);
  assert.throws(rule('accuracy=0.8'), /task/);
  assert.throws(rule('task=toxicity speed=9'), /speed/);
});

test('rules that contradict each other, unknown columns and unreachable numbers are found', () => {
  const configuration = load({});
  const found = (changed: Partial<typeof configuration.retraining>) => {
    const values = { ...configuration, retraining: { ...configuration.retraining, ...changed } };
    return retrainingChecks.map((check) => check(values)).flatMap((each) => (each ? [each.what] : []));
  };
  assert.deepEqual(found({}), []);
  const rules = [{ task: 'a' }, { task: 'b' }, { task: 'a', gain: 0.1 }];
  assert.deepEqual(found({ rules }), ['two rules of retraining are about a']);
  assert.deepEqual(found({ protected: ['language', 'mood'] }), ['“mood” is no column of labelled messages']);
  assert.deepEqual(found({ labelsMin: 2_000, rowsMax: 1_000 }), [
    'more labelled messages are needed than are ever read',
  ]);
});
