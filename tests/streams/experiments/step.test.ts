// The next step of an experiment from counts: what is waited for, what decides, and what time does.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ArmTally, usualRules } from '../../../processors/experiments/decision.ts';
import type { Experiment } from '../../../processors/experiments/task-state.ts';
import { loadConfiguration } from '../../../streams/configuration/configuration.ts';
import { definitionOf, keysOf, messagesToRollBack } from '../../../streams/experiments/evidence.ts';
import { nextStep, overWith, rulesOf } from '../../../streams/experiments/step.ts';
import type { Tally } from '../../../streams/experiments/tally.ts';

const settingsWith = (env: Readonly<Record<string, string>> = {}) => loadConfiguration({ env }).experiments;
const began = 1_000_000;
const day = 86_400_000;

const experimentIn = (stage: Experiment['stage'], said: Partial<Experiment> = {}): Experiment => ({
  ...{
    id: 'e',
    control: 't@1.0.0',
    treatment: 't@1.1.0',
    stage,
    shadowedAt: began,
    share: 0.1,
    request: null,
  },
  canariedAt: stage === 'canary' ? began + day : null,
  definition: {},
  ...said,
});

const arm = (messages: number, said: Partial<ArmTally> = {}): ArmTally => ({
  ...{ messages, labelled: 0, correct: 0, confidenceSum: 0.8 * messages, abstained: 0, errors: 0 },
  ...said,
});

const noPairs = { bothCorrect: 0, controlOnly: 0, treatmentOnly: 0, bothWrong: 0 };
interface Said {
  readonly shadow?: Partial<Tally['shadow']>;
  readonly canary?: Partial<Tally['canary']>;
}
const tallyOf = ({ shadow, canary }: Said = {}): Tally => ({
  shadow: { control: arm(0), treatment: arm(0), pairs: noPairs, ...shadow },
  canary: { control: arm(0), treatment: arm(0), ...canary },
  flips: [],
  span: null,
});

interface Look {
  readonly experiment?: Experiment;
  readonly tally?: Tally;
  readonly serving?: string;
  readonly now?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Experiments of the task that are under way. */
  readonly arms?: number;
}

function stepOf({ experiment = experimentIn('shadow'), tally = tallyOf(), env, arms, ...said }: Look) {
  const settings = settingsWith(env);
  const look = { serving: 't@1.0.0', now: began + 1, ...said, experiment, tally };
  const { event, decision, reason } = nextStep(look, rulesOf(settings, usualRules, arms), settings);
  return { event, decision, reason };
}

const enough = { control: arm(2_000), treatment: arm(2_000) };
const better = { bothCorrect: 1_500, controlOnly: 100, treatmentOnly: 300, bothWrong: 100 };
const worse = { ...better, controlOnly: 300, treatmentOnly: 100 };

test('a shadow waits for its messages, and for labels where they are asked for', () => {
  assert.match(stepOf({}).reason, /0 of 1000 messages/);
  const tally = tallyOf({ shadow: enough });
  assert.equal(stepOf({ tally }).event, 'canaried');
  const env = { MILLRACE_EXPERIMENTS_SHADOW_LABELS_MIN: '50' };
  assert.match(stepOf({ tally, env }).reason, /0 of 50 labels/);
  const skipping = experimentIn('shadow', { definition: { skipShadow: 'true' } });
  assert.equal(stepOf({ experiment: skipping }).event, 'canaried');
});

test('a shadow goes on while its labels do not decide, for a while, and ends when nothing is to be gained', () => {
  const pairs = { bothCorrect: 350, controlOnly: 53, treatmentOnly: 47, bothWrong: 150 };
  const shadowOf = (messages: number, labels = pairs) => ({
    control: arm(messages),
    treatment: arm(messages, { labelled: 600 }),
    pairs: labels,
  });
  const after = (messages: number) => stepOf({ tally: tallyOf({ shadow: shadowOf(messages) }) });
  assert.equal(after(3_000).event, null);
  assert.match(after(3_000).reason, /3000 of up to 10000 messages.* possible/);
  assert.equal(after(10_000).event, 'canaried');
  const many = Object.fromEntries(Object.entries(pairs).map(([key, count]) => [key, 10 * count]));
  const alike = stepOf({ tally: tallyOf({ shadow: shadowOf(8_000, many as typeof pairs) }) });
  assert.deepEqual([alike.event, alike.decision], ['rolled-back', 'KEEP_CONTROL']);
});

test('a shadow whose labels speak against it ends there', () => {
  const { event, decision } = stepOf({ tally: tallyOf({ shadow: { ...enough, pairs: worse } }) });
  assert.deepEqual([event, decision], ['rolled-back', 'KEEP_CONTROL']);
});

test('a canary is decided by its own labels, or by those of the shadow once it has served enough', () => {
  const experiment = experimentIn('canary');
  const good = {
    control: arm(9_000, { labelled: 9_000, correct: 7_200 }),
    treatment: arm(1_000, { labelled: 1_000, correct: 900 }),
  };
  assert.equal(stepOf({ experiment, tally: tallyOf({ canary: good }) }).event, 'promoted');
  const shadow = { ...enough, pairs: better };
  const few = { control: arm(900), treatment: arm(100) };
  assert.match(stepOf({ experiment, tally: tallyOf({ shadow, canary: few }) }).reason, /100 of 500 messages/);
  const served = { control: arm(9_000), treatment: arm(1_000) };
  const step = stepOf({ experiment, tally: tallyOf({ shadow, canary: served }) });
  assert.equal(step.event, 'promoted');
  assert.match(step.reason, /in the shadow/);
});

test('the more experiments are under way at once, the more each has to show, and guardrails ask for no more', () => {
  const experiment = experimentIn('canary');
  /** The first of a thousand labelled answers of the canary, by how many are right, that is promoted. */
  const promotedAt = (arms: number) => {
    for (let correct = 800; correct <= 1_000; correct++) {
      const treatment = arm(1_000, { labelled: 1_000, correct });
      const canary = { control: arm(9_000, { labelled: 9_000, correct: 7_200 }), treatment };
      if (stepOf({ experiment, tally: tallyOf({ canary }), arms }).event === 'promoted') return correct;
    }
    return assert.fail('none is promoted');
  };
  const needed = [1, 2, 4].map(promotedAt);
  assert.ok(needed[0]! < needed[1]! && needed[1]! < needed[2]!, needed.join(' '));
  const pairsOf = (treatmentOnly: number) => ({ ...better, treatmentOnly });
  const provenAt = (arms: number) => {
    for (let treatmentOnly = 100; treatmentOnly <= 400; treatmentOnly++) {
      const shadow = { ...enough, pairs: pairsOf(treatmentOnly) };
      const canary = { control: arm(9_000), treatment: arm(1_000) };
      if (stepOf({ experiment, tally: tallyOf({ shadow, canary }), arms }).event === 'promoted')
        return treatmentOnly;
    }
    return assert.fail('none is promoted');
  };
  assert.ok(provenAt(1) < provenAt(4));
  const failing = { control: arm(900), treatment: arm(100, { errors: 60 }) };
  const tally = tallyOf({ canary: failing });
  assert.deepEqual(stepOf({ experiment, tally, arms: 4 }), stepOf({ experiment, tally }));
});

test('without any label the control stays in the end, unless it is said otherwise', () => {
  const experiment = experimentIn('canary');
  const tally = tallyOf({ shadow: enough, canary: { control: arm(9_000), treatment: arm(1_000) } });
  assert.equal(stepOf({ experiment, tally }).event, null);
  const late = stepOf({ experiment, tally, now: began + 8 * day });
  assert.deepEqual([late.event, late.decision], ['rolled-back', 'KEEP_CONTROL']);
  assert.match(late.reason, /Not shown to be better/);
  const env = { MILLRACE_EXPERIMENTS_WITHOUT_LABELS: 'promote' };
  assert.equal(stepOf({ experiment, tally, env }).event, 'promoted');
  const labelled = (control: number, treatment: number) =>
    tallyOf({
      shadow: enough,
      canary: {
        control: arm(9_000, { labelled: control, correct: control }),
        treatment: arm(1_000, { labelled: treatment, correct: treatment }),
      },
    });
  assert.equal(stepOf({ experiment, tally: labelled(90, 1), env }).event, 'promoted', 'a few decide nothing');
  assert.equal(stepOf({ experiment, tally: labelled(900, 100), env }).event, null, 'enough are to decide');
});

test('an experiment ends when it was declared to, whatever the settings say', () => {
  const until = new Date(began + 5_000).toISOString();
  const experiment = experimentIn('shadow', { definition: { until } });
  assert.equal(stepOf({ experiment, now: began + 4_999 }).event, null);
  assert.equal(stepOf({ experiment, now: began + 5_000 }).event, 'rolled-back');
});

test('guardrails turn back in either stage, before anything else is looked at', () => {
  const contradicting = arm(2_000, { compared: 2_000, disagreements: 1_900 });
  const shadow = { ...enough, treatment: contradicting, pairs: better };
  assert.match(stepOf({ tally: tallyOf({ shadow }) }).reason, /^Guardrail disagreement/);
  const failing = { control: arm(900), treatment: arm(100, { errors: 60 }) };
  const step = stepOf({ experiment: experimentIn('canary'), tally: tallyOf({ canary: failing }) });
  assert.match(step.reason, /^Guardrail errors: 60\.0 %/);
  assert.equal(step.event, 'rolled-back');
});

test('a candidate that fails always is turned back within the messages that are said', () => {
  const settings = settingsWith();
  const { failing, contradicting } = messagesToRollBack(settings, 0.1);
  assert.ok(failing < 50 && contradicting < 50, `${failing}, ${contradicting}`);
  const stepAfter = (messages: number) =>
    stepOf({
      experiment: experimentIn('canary'),
      tally: tallyOf({
        canary: { control: arm(9 * messages), treatment: arm(messages, { errors: messages }) },
      }),
    }).event;
  assert.equal(stepAfter(failing), 'rolled-back');
  assert.equal(stepAfter(1), null);
});

test('each canary has its share of the keys that those before it leave, and the control the rest', () => {
  const first = experimentIn('canary', { id: 'first', share: 0.2 });
  const shadow = experimentIn('shadow', { id: 'shadow', share: 0.5 });
  const last = experimentIn('canary', { id: 'last', share: 0.1 });
  const all = [first, shadow, last];
  const shown = (experiment: Experiment) =>
    Object.values(keysOf(experiment, all)).map((share) => Number(share.toFixed(6)));
  assert.deepEqual(shown(first), [0.2, 0.72]);
  assert.deepEqual(shown(last), [0.08, 0.72]);
  assert.deepEqual(shown(shadow), [0, 0.72]);
});

test('an experiment of a task that no stream asks is over before it began', () => {
  const experiment = experimentIn('shadow');
  const look = { experiment, serving: 't@1.0.0' };
  assert.equal(overWith(look, ['language', 't']), null);
  assert.match(overWith(look, ['language']) ?? '', /No stream of comments or prompts asks t:/);
});

test('an experiment lasts from when it begins, however long its candidate waited', () => {
  const waited = { release: 't@1.1.0', request: 'r', at: began };
  const definition = definitionOf('t@1.0.0', waited, {}, settingsWith(), began + 8 * day);
  assert.equal(definition.started, new Date(began + 8 * day).toISOString());
  const experiment = experimentIn('shadow', { shadowedAt: began + 8 * day, definition });
  assert.equal(stepOf({ experiment, now: began + 8 * day + 1 }).event, null);
});

test('an experiment whose control or treatment serves by somebody’s word is over', () => {
  assert.match(stepOf({ serving: 't@1.1.0' }).reason, /promoted by hand/);
  assert.match(stepOf({ serving: 't@0.9.0' }).reason, /t@0\.9\.0 serves now/);
});
