// Decisions of experiments: the rule of docs/decisions.md line by line, and how often it is wrong under peeking.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type ArmTally,
  type DecisionRules,
  decide,
  decidePaired,
  usualRules,
} from '../../../processors/experiments/decision.ts';
import { createRandom } from '../../../trainers/random.ts';

const arm = (correct: number, labelled: number, others: Partial<ArmTally> = {}): ArmTally => ({
  messages: labelled,
  labelled,
  correct,
  confidenceSum: labelled * 0.75,
  abstained: 0,
  errors: 0,
  ...others,
});

const pairs = (controlOnly: number, treatmentOnly: number, others: number) => ({
  bothCorrect: others,
  bothWrong: 0,
  controlOnly,
  treatmentOnly,
});

describe('a decision about a canary', () => {
  it('waits for labels of both arms, however good they look', () => {
    for (const [control, treatment] of [
      [arm(0, 0), arm(0, 0)],
      [arm(100, 900), arm(99, 99)],
      [arm(10, 99), arm(900, 1_000)],
    ] as const) {
      const { decision, reason } = decide(control, treatment, usualRules);
      assert.equal(decision, 'CONTINUE_EXPERIMENT');
      assert.match(reason, /of 100 labelled messages/);
    }
  });

  it('deploys what is shown to be no worse and looks better by the least effect', () => {
    const found = decide(arm(6_300, 9_000), arm(820, 1_000), usualRules);
    assert.equal(found.decision, 'DEPLOY_TREATMENT');
    assert.ok(found.interval[0] > 0 && found.effect > 0.02);
    assert.ok(found.eValue > 40 && found.sequentialP < 0.025);
    assert.equal(found.sequentialP, 1 / found.eValue);
    assert.equal(found.fixedP, null, 'before the planned size, looking at it is peeking');
    assert.match(found.reason, /^Better by 12\.0 points, at least \d/);
  });

  it('keeps the control when the treatment is shown to be worse', () => {
    const { decision, interval, reason } = decide(arm(7_300, 10_000), arm(7_000, 10_000), usualRules);
    assert.equal(decision, 'KEEP_CONTROL');
    assert.ok(interval[1] < 0);
    assert.match(reason, /^Worse by 3\.0 points/);
  });

  it('keeps the control when the least effect can no longer be there, although some may be', () => {
    const { decision, interval, reason } = decide(arm(35_000, 50_000), arm(35_300, 50_000), usualRules);
    assert.equal(decision, 'KEEP_CONTROL');
    assert.ok(interval[1] > 0 && interval[1] < 0.02);
    assert.match(reason, /2\.0 points are asked for/);
  });

  it('goes on while anything is possible', () => {
    const { decision, interval, fixedP } = decide(arm(750, 1_000), arm(760, 1_000), usualRules);
    assert.equal(decision, 'CONTINUE_EXPERIMENT');
    assert.ok(interval[0] < 0 && interval[1] > 0.02);
    assert.equal(fixedP, null);
  });

  it('ends at the planned size, by the fixed-horizon test, one way or the other', () => {
    const better = decide(arm(7_000, 10_000), arm(7_205, 10_000), usualRules);
    assert.ok(better.interval[0] < 0, 'by peeking alone it would go on');
    assert.equal(better.decision, 'DEPLOY_TREATMENT');
    assert.ok(better.fixedP! < 0.025);
    const little = decide(arm(7_000, 10_000), arm(7_120, 10_000), usualRules);
    assert.equal(little.decision, 'KEEP_CONTROL');
    assert.ok(little.fixedP! > 0.025);
    assert.match(little.reason, /at the planned size/);
  });

  it('keeps the control when a guardrail is broken, whatever the labels say', () => {
    const { decision, reason } = decide(
      arm(6_300, 9_000),
      arm(820, 1_000, { errors: 100, confidenceSum: 675 }),
      usualRules,
    );
    assert.equal(decision, 'KEEP_CONTROL');
    assert.match(reason, /^Guardrail errors: 10\.0 % failed or late messages/);
  });
});

describe('a decision about a shadow', () => {
  it('deploys, keeps for harm, keeps for too little, and goes on', () => {
    assert.equal(decidePaired(pairs(20, 70, 410), usualRules).decision, 'DEPLOY_TREATMENT');
    assert.equal(decidePaired(pairs(70, 20, 410), usualRules).decision, 'KEEP_CONTROL');
    assert.equal(decidePaired(pairs(50, 52, 4_000), usualRules).decision, 'KEEP_CONTROL');
    assert.equal(decidePaired(pairs(20, 30, 450), usualRules).decision, 'CONTINUE_EXPERIMENT');
    assert.equal(decidePaired(pairs(0, 40, 50), usualRules).decision, 'CONTINUE_EXPERIMENT');
  });

  it('finds the same effect with fewer messages than a canary: the messages are the same', () => {
    const paired = decidePaired(pairs(50, 100, 850), usualRules);
    const unpaired = decide(arm(800, 1_000), arm(850, 1_000), usualRules);
    assert.ok(paired.interval[0] > 0 && unpaired.interval[0] < 0);
  });

  it('ends at the planned size by McNemar’s test', () => {
    const little = decidePaired(pairs(475, 530, 4_000), usualRules);
    assert.deepEqual([little.decision, little.fixedP !== null], ['KEEP_CONTROL', true]);
    const better = decidePaired(pairs(440, 560, 4_000), usualRules);
    assert.deepEqual([better.decision, better.fixedP! < 0.025], ['DEPLOY_TREATMENT', true]);
  });
});

describe('decisions looked at after every message', () => {
  const rules: DecisionRules = { ...usualRules, effectMin: 0.1 };
  const run = (effect: number, seed: number) => {
    const random = createRandom(seed);
    const counts = { control: { labelled: 0, correct: 0 }, treatment: { labelled: 0, correct: 0 } };
    for (;;) {
      const name = random() < 0.5 ? 'treatment' : 'control';
      counts[name].labelled++;
      counts[name].correct += Number(random() < 0.75 + (name === 'treatment' ? effect : 0));
      const [control, treatment] = [counts.control, counts.treatment].map(({ correct, labelled }) =>
        arm(correct, labelled),
      ) as [ArmTally, ArmTally];
      const { decision } = decide(control, treatment, rules);
      if (decision !== 'CONTINUE_EXPERIMENT') return decision;
    }
  };
  const deployed = (effect: number, experiments: number) =>
    Array.from({ length: experiments }, (_, seed) => run(effect, seed + 1)).filter(
      (one) => one === 'DEPLOY_TREATMENT',
    ).length / experiments;

  it('deploy what is no better in fewer than 25 of 1,000 experiments', () => {
    const falsely = deployed(0, 250);
    assert.ok(falsely <= 0.025, `${falsely}`);
  });

  it('hardly ever deploy what is worse, nearly always what is better by twice the least effect', () => {
    assert.equal(deployed(-0.1, 40), 0);
    assert.ok(deployed(0.2, 40) >= 0.95);
  });

  it('end: an experiment is never without a decision for good', () => {
    for (const effect of [0, 0.05, 0.1])
      assert.ok(['DEPLOY_TREATMENT', 'KEEP_CONTROL'].includes(run(effect, 99)));
  });
});
