// Guardrails: a bad candidate is caught within the messages that are stated, a good one is not turned back by chance.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ArmTally } from '../../../processors/experiments/decision.ts';
import {
  breaches,
  type Fault,
  type GuardrailName,
  messagesUntilBreach,
  usualLimits,
} from '../../../processors/experiments/guardrails.ts';
import { createRandom } from '../../../trainers/random.ts';

/** A thousand messages of a release that fails, abstains and errs as usual. */
const usual: ArmTally = {
  messages: 1_000,
  labelled: 1_000,
  correct: 750,
  confidenceSum: 740,
  abstained: 50,
  errors: 2,
  compared: 1_000,
  disagreements: 200,
};

const bad: Readonly<Record<GuardrailName, Partial<ArmTally>>> = {
  errors: { errors: 60 },
  abstentions: { abstained: 300 },
  disagreement: { disagreements: 600 },
  'expected-accuracy': { confidenceSum: 540 },
  accuracy: { correct: 550 },
};

const names = (control: ArmTally, treatment: ArmTally) =>
  breaches(control, treatment, usualLimits).map(({ name }) => name);

/** Both arms message by message; `true` as soon as the guardrail speaks. */
function caughtWithin(fault: Fault, most: number, random: () => number): boolean {
  const counts = { control: 0, treatment: 0 };
  const tallyOf = (messages: number, counted: number): ArmTally => ({
    messages,
    labelled: messages,
    compared: messages,
    correct: messages - (fault.name === 'accuracy' ? counted : 0),
    confidenceSum: messages - (fault.name === 'expected-accuracy' ? counted : 0),
    abstained: fault.name === 'abstentions' ? counted : 0,
    errors: 0,
    disagreements: fault.name === 'disagreement' ? counted : 0,
  });
  for (let message = 1; message <= most; message++) {
    for (let before = 0; before < fault.controlPerTreatment; before++)
      counts.control += Number(random() < fault.control);
    counts.treatment += Number(random() < fault.treatment);
    const control = tallyOf(message * fault.controlPerTreatment, counts.control);
    if (names(control, tallyOf(message, counts.treatment)).includes(fault.name)) return true;
  }
  return false;
}

const caughtOf = (experiments: number, fault: Fault, most: number): number =>
  Array.from({ length: experiments }, (_, seed) => caughtWithin(fault, most, createRandom(seed + 1))).filter(
    Boolean,
  ).length;

describe('guardrails', () => {
  it('say nothing of a candidate that is like the control, or of one that has answered nothing', () => {
    assert.deepEqual(names(usual, usual), []);
    const nothing = { messages: 0, labelled: 0, correct: 0, confidenceSum: 0, abstained: 0, errors: 0 };
    assert.deepEqual(names(nothing, nothing), []);
    assert.deepEqual(names(usual, nothing), []);
  });

  for (const name of Object.keys(bad) as GuardrailName[])
    it(`${name}: speaks of what it watches, with the figures, and of nothing else`, () => {
      const found = breaches(usual, { ...usual, ...bad[name] }, usualLimits);
      assert.deepEqual(
        found.map((breach) => breach.name),
        [name],
      );
      assert.ok(found[0]!.value > found[0]!.limit);
      assert.match(found[0]!.says, /\d/);
      assert.deepEqual(names({ ...usual, ...bad[name] }, usual), [], 'the control may be bad');
    });

  it('do not hold failures against confidence: what failed has none', () => {
    const failed = { ...usual, errors: 10, confidenceSum: 0.74 * 990 };
    assert.deepEqual(names(usual, failed), []);
  });

  const faults: readonly Fault[] = [
    { name: 'accuracy', control: 0.25, treatment: 0.65, controlPerTreatment: 1 },
    { name: 'accuracy', control: 0.25, treatment: 0.6, controlPerTreatment: 9 },
    { name: 'disagreement', control: 0, treatment: 0.7, controlPerTreatment: 1 },
    { name: 'expected-accuracy', control: 0.2, treatment: 0.5, controlPerTreatment: 9 },
    { name: 'abstentions', control: 0.05, treatment: 0.5, controlPerTreatment: 9 },
  ];
  for (const fault of faults)
    it(`${fault.name} ${fault.control} → ${fault.treatment}: is caught within the stated messages, 95 times of 100`, () => {
      const stated = messagesUntilBreach(fault, usualLimits);
      assert.ok(stated < 400, `${stated}`);
      const caught = caughtOf(40, fault, stated);
      assert.ok(caught >= 36, `${caught} of 40 within ${stated}`);
      // And they are not stated three times too high: half of that is not enough for all.
      assert.ok(caughtOf(40, fault, Math.ceil(stated / 4)) < 36);
    });

  it('hardly ever turn back a candidate on its limit, looked at after every message', () => {
    const limit = usualLimits.disagreementMax;
    const caught = caughtOf(
      100,
      { name: 'disagreement', control: 0, treatment: limit, controlPerTreatment: 1 },
      400,
    );
    assert.ok(caught <= 1, `${caught}`);
    const errors = { name: 'accuracy', control: 0.25, treatment: 0.28, controlPerTreatment: 1 } as const;
    assert.ok(caughtOf(50, errors, 200) <= 1);
  });

  it('state more messages for smaller faults, and never any for what is allowed', () => {
    const stated = [0.3, 0.35, 0.45, 0.65].map((treatment) =>
      messagesUntilBreach(
        { name: 'accuracy', control: 0.25, treatment, controlPerTreatment: 9 },
        usualLimits,
      ),
    );
    assert.deepEqual(
      [...stated].sort((a, b) => b - a),
      stated,
    );
    assert.ok(stated[0]! > 10_000 && stated[3]! < 150, `${stated}`);
    const allowed = { name: 'errors', control: 0.01, treatment: 0.015, controlPerTreatment: 9 } as const;
    assert.equal(messagesUntilBreach(allowed, usualLimits), Number.POSITIVE_INFINITY);
  });
});
