// Are decisions about experiments right as often as they say? Simulated experiments that are looked at after
// every message: false deployments where there is no difference, against the test that everybody peeks at; chance and
// time to find a real one; messages until a guardrail has caught a bad candidate.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import {
  type ArmTally,
  type DecisionRules,
  decide,
  decidePaired,
  type ExperimentDecision,
  usualRules,
} from '../processors/experiments/decision.ts';
import { twoProportionP } from '../processors/experiments/fixed-horizon.ts';
import { breaches, type Fault, messagesUntilBreach } from '../processors/experiments/guardrails.ts';
import { table } from '../streams/terminal.ts';
import { createRandom } from '../trainers/random.ts';
import { describeMachine } from './machine.ts';

const usage = `node --import tsx load-tests/experiment-decisions.ts [--experiments 2000] [--only shadow] [--json] [--save]

--save stores the figures in load-tests/results/experiment-decisions.json.
`;

const { values } = parseArgs({
  options: {
    experiments: { type: 'string', default: '2000' },
    only: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const rules: DecisionRules = usualRules;

interface Ended {
  readonly decision: ExperimentDecision['decision'];
  /** Labelled messages until then, of both arms. */
  readonly messages: number;
  /** Whether the peeked z test has ever said “better” or “worse” until the planned size. */
  readonly naive: 'deploy' | 'keep' | null;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const emptyTally = (): Mutable<ArmTally> => ({
  messages: 0,
  labelled: 0,
  correct: 0,
  confidenceSum: 0,
  abstained: 0,
  errors: 0,
});

/** A canary: each labelled message goes to one arm; looked at after each one that the treatment answered. */
function canary(accuracy: number, effect: number, share: number, random: () => number): Ended {
  const [control, treatment] = [emptyTally(), emptyTally()];
  let naive: Ended['naive'] = null;
  for (let messages = 1; ; messages++) {
    const isTreatment = random() < share;
    const arm = isTreatment ? treatment : control;
    const isCorrect = random() < accuracy + (isTreatment ? effect : 0);
    arm.messages++;
    arm.labelled++;
    arm.correct += Number(isCorrect);
    arm.confidenceSum += accuracy;
    if (!isTreatment) continue;
    naive ??= naiveWord(control, treatment);
    const { decision } = decide(control, treatment, rules);
    if (decision !== 'CONTINUE_EXPERIMENT') return { decision, messages, naive };
  }
}

function naiveWord(control: ArmTally, treatment: ArmTally): Ended['naive'] {
  if (Math.min(control.labelled, treatment.labelled) < rules.labelledMin) return null;
  const shares = [control, treatment].map(({ correct, labelled }) => ({
    successes: correct,
    trials: labelled,
  }));
  if (twoProportionP(shares[0]!, shares[1]!) > rules.alpha) return null;
  const [before, after] = shares.map(({ successes, trials }) => successes / trials) as [number, number];
  return after > before ? 'deploy' : 'keep';
}

/** A shadow: both answer every message, and one of them alone is right on a share `discordance`. */
function shadow(accuracy: number, effect: number, discordance: number, random: () => number): Ended {
  const tally = { bothCorrect: 0, controlOnly: 0, treatmentOnly: 0, bothWrong: 0 };
  const treatmentOnly = (discordance + effect) / 2;
  for (let messages = 1; ; messages++) {
    const drawn = random();
    if (drawn < treatmentOnly) tally.treatmentOnly++;
    else if (drawn < discordance) tally.controlOnly++;
    else if (drawn < discordance + accuracy - (discordance - treatmentOnly)) tally.bothCorrect++;
    else tally.bothWrong++;
    const { decision } = decidePaired(tally, rules);
    if (decision !== 'CONTINUE_EXPERIMENT') return { decision, messages, naive: null };
  }
}

const share = (ended: readonly Ended[], is: (one: Ended) => boolean) =>
  Number((ended.filter(is).length / ended.length).toFixed(4));

const quantile = (sorted: readonly number[], at: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(at * sorted.length))]!;

function figures(name: string, effect: number, most: number, run: (random: () => number) => Ended) {
  // A rare event takes more experiments to count than a usual one.
  const experiments = effect === 0 ? most : Math.ceil(most / 5);
  const ended = Array.from({ length: experiments }, (_, seed) => run(createRandom(seed + 1)));
  const sizes = ended.map(({ messages }) => messages).sort((a, b) => a - b);
  process.stderr.write(`${name} ${effect}…\n`);
  return {
    experiment: name,
    effect,
    experiments,
    deployed: share(ended, ({ decision }) => decision === 'DEPLOY_TREATMENT'),
    kept: share(ended, ({ decision }) => decision === 'KEEP_CONTROL'),
    naiveDeployed: ended.some(({ naive }) => naive) ? share(ended, ({ naive }) => naive === 'deploy') : null,
    messagesMedian: quantile(sizes, 0.5),
    messages95: quantile(sizes, 0.95),
  };
}

/** Whether the name of an experiment or guardrail begins as was asked for. */
const isWanted = ([name]: readonly [name: string, ...unknown[]]): boolean => name.startsWith(values.only);

function decisionFigures(experiments: number) {
  const canaries = [
    ['canary 50 %, accuracy 0.75', 0.75, 0.5, [-0.02, 0, 0.02, 0.05, 0.1]],
    ['canary 10 %, accuracy 0.75', 0.75, 0.1, [0, 0.02, 0.05, 0.1]],
    ['canary 10 %, accuracy 0.6', 0.6, 0.1, [0]],
    ['canary 10 %, accuracy 0.95', 0.95, 0.1, [0]],
    ['canary 50 %, accuracy 0.97', 0.97, 0.5, [0]],
  ] as const;
  const shadows = [
    ['shadow, 20 % discordant', 0.75, 0.2, [-0.02, 0, 0.02, 0.05, 0.1]],
    ['shadow, 5 % discordant', 0.75, 0.05, [0, 0.02, 0.05]],
  ] as const;
  return [
    ...canaries
      .filter(isWanted)
      .flatMap(([name, accuracy, part, effects]) =>
        effects.map((effect) =>
          figures(name, effect, experiments, (random) => canary(accuracy, effect, part, random)),
        ),
      ),
    ...shadows
      .filter(isWanted)
      .flatMap(([name, accuracy, discordance, effects]) =>
        effects.map((effect) =>
          figures(name, effect, experiments, (random) => shadow(accuracy, effect, discordance, random)),
        ),
      ),
  ];
}

/** Messages of the treatment until the guardrail spoke; infinite when it did not within `most`. */
function caught(fault: Fault, most: number, random: () => number): number {
  const [control, treatment] = [emptyTally(), emptyTally()];
  for (let message = 1; message <= most; message++) {
    for (let before = 0; before < fault.controlPerTreatment; before++)
      count(control, fault, random() < fault.control);
    count(treatment, fault, random() < fault.treatment);
    if (breaches(control, treatment, rules.guardrails).some(({ name }) => name === fault.name))
      return message;
  }
  return Number.POSITIVE_INFINITY;
}

function count(tally: Mutable<ArmTally>, { name }: Fault, isCounted: boolean): void {
  const one = Number(isCounted);
  tally.messages++;
  tally.labelled++;
  tally.compared = (tally.compared ?? 0) + 1;
  tally.correct += name === 'accuracy' ? 1 - one : 1;
  tally.confidenceSum += name === 'expected-accuracy' ? 1 - one : 1;
  tally.errors += name === 'errors' ? one : 0;
  tally.abstained += name === 'abstentions' ? one : 0;
  tally.disagreements = (tally.disagreements ?? 0) + (name === 'disagreement' ? one : 0);
}

const faults: readonly Fault[] = [
  { name: 'accuracy', control: 0.25, treatment: 0.25, controlPerTreatment: 9 },
  { name: 'accuracy', control: 0.25, treatment: 0.35, controlPerTreatment: 9 },
  { name: 'accuracy', control: 0.25, treatment: 0.45, controlPerTreatment: 9 },
  { name: 'accuracy', control: 0.25, treatment: 0.65, controlPerTreatment: 1 },
  { name: 'disagreement', control: 0, treatment: 0.4, controlPerTreatment: 1 },
  { name: 'disagreement', control: 0, treatment: 0.6, controlPerTreatment: 1 },
  { name: 'disagreement', control: 0, treatment: 0.8, controlPerTreatment: 1 },
  { name: 'errors', control: 0.001, treatment: 0.001, controlPerTreatment: 9 },
  { name: 'errors', control: 0.001, treatment: 0.05, controlPerTreatment: 9 },
  { name: 'abstentions', control: 0.05, treatment: 0.3, controlPerTreatment: 9 },
  { name: 'expected-accuracy', control: 0.2, treatment: 0.2, controlPerTreatment: 9 },
  { name: 'expected-accuracy', control: 0.2, treatment: 0.35, controlPerTreatment: 9 },
];

/** Messages that a candidate without a fault is watched for. */
const watchedMessages = 2_000;

function guardrailFigures(experiments: number) {
  return faults
    .filter(({ name }) => isWanted([`guardrail ${name}`]))
    .map((fault) => {
      const stated = messagesUntilBreach(fault, rules.guardrails);
      const most = Number.isFinite(stated) ? stated * 3 : watchedMessages;
      const found = Array.from({ length: experiments }, (_, seed) =>
        caught(fault, most, createRandom(seed + 1)),
      );
      found.sort((a, b) => a - b);
      process.stderr.write(`${fault.name} ${fault.treatment}…\n`);
      return {
        ...fault,
        statedMessages: Number.isFinite(stated) ? stated : null,
        caughtWithin:
          found.filter((messages) => messages <= stated && Number.isFinite(messages)).length / experiments,
        messagesMedian: Number.isFinite(quantile(found, 0.5)) ? quantile(found, 0.5) : null,
      };
    });
}

function measure(experiments: number): void {
  const decisions = decisionFigures(experiments);
  const guardrails = guardrailFigures(Math.min(experiments, 500));
  const result = { machine: describeMachine(), experiments, rules, decisions, guardrails };
  if (values.save)
    writeFileSync(
      new URL('./results/experiment-decisions.json', import.meta.url),
      `${JSON.stringify(result, null, 2)}\n`,
    );
  process.stdout.write(
    values.json ? `${JSON.stringify(result)}\n` : `${table(decisions)}\n\n${table(guardrails)}\n`,
  );
}

if (values.help) process.stdout.write(usage);
else measure(Number(values.experiments));
