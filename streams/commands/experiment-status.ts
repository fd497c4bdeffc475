// `millrace experiment status`: how far the experiments are.
import type { Command } from 'commander';
import { manifestOrNone } from '../../connectors/model-store/promotion.ts';
import type { ModelStore } from '../../connectors/model-store.ts';
import { type ArmTally, usualRules } from '../../processors/experiments/decision.ts';
import type { Experiment, TaskState } from '../../processors/experiments/task-state.ts';
import { keysOf, messagesToRollBack, percent } from '../experiments/evidence.ts';
import { endOf, nextStep, rulesOf } from '../experiments/step.ts';
import { tallyOf } from '../experiments/tally.ts';
import { openLedger } from '../model-ledger.ts';
import { modelStoreOf } from '../models.ts';
import type { Stack } from '../stack.ts';
import { table } from '../terminal.ts';
import { type Action, type CommandContext, exitCodes, jsonLine, whereOpen } from './command.ts';
import { unlessInterrupted } from './interruption.ts';

interface Options {
  readonly json?: boolean;
}

export function defineStatus(group: Command, context: CommandContext, action: Action): void {
  group
    .command('status [task]')
    .description(
      'the experiments under way: stage, counts of both arms, effect, what is missing for a decision',
    )
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Every arm is told by itself, in the order in which they began.

Examples:
  millrace experiment status
  millrace experiment status sentiment --json | jq ".[] | [.treatment, .stage, .effect]"`,
    )
    .action(
      action((task: string | undefined, options: Options) =>
        whereOpen(context, context.io, () => status(context, task, options.json ?? false)),
      ),
    );
}

async function status(context: CommandContext, task: string | undefined, json: boolean): Promise<number> {
  const { io, configuration } = context;
  const stack = await context.stack();
  const ledger = await openLedger(stack);
  try {
    const store = modelStoreOf(configuration);
    const states = task === undefined ? ledger.states : [ledger.state(task)];
    const open = states.flatMap((state) =>
      state.experiments.map((experiment) => statusOf(stack, store, state, experiment)),
    );
    const found = await unlessInterrupted(io, Promise.all(open));
    if (json) await io.stdout.write(jsonLine(found));
    else if (found.length === 0)
      await io.stdout.write(`No experiment is under way${task === undefined ? '' : ` on ${task}`}.\n`);
    else await io.stdout.write(found.map(print).join('\n'));
    return exitCodes.done;
  } finally {
    await ledger.close();
  }
}

async function statusOf(
  { clickhouse, configuration, now }: Stack,
  store: ModelStore,
  { task, serving, frozen, experiments }: TaskState,
  experiment: Experiment,
) {
  const { id, control, treatment, stage, share, definition } = experiment;
  const settings = configuration.experiments;
  const arm = async (release: string) =>
    (await manifestOrNone(store, release)) ?? { task, release, activation: 'softmax' as const };
  const tally = await tallyOf(clickhouse, experiment, {
    control: await arm(control),
    treatment: await arm(treatment),
  });
  const look = { experiment, tally, serving: serving?.release ?? control, now: now() };
  const rules = rulesOf(settings, usualRules, experiments.length);
  const { figures, ...step } = nextStep(look, rules, settings);
  const { effect, interval, eValue, fixedP } = figures;
  const keys = keysOf(experiment, experiments);
  return {
    experiment: id,
    ...{ task, control, treatment, stage, share },
    ...{ serves: keys.treatment, arms: experiments.length, alpha: rules.alpha },
    ends: new Date(endOf(experiment, settings)).toISOString(),
    frozen: frozen?.reason ?? null,
    hypothesis: definition.hypothesis ?? null,
    owner: definition.owner ?? null,
    shadow: { ...tally.shadow, flips: tally.flips },
    canary: tally.canary,
    ...{ effect, interval, eValue, fixedP },
    next: step.event,
    decision: step.decision,
    reason: step.reason,
    guardrail: step.breach,
    rollsBackWithin: messagesToRollBack(
      settings,
      stage === 'canary' ? keys.treatment / (keys.treatment + keys.control) : 0.5,
    ),
  };
}

type Status = Awaited<ReturnType<typeof statusOf>>;

function print(found: Status): string {
  const { shadow, canary, effect, interval } = found;
  const rows = [
    ...rowsOf('shadow', shadow, found),
    ...(canary.treatment.messages + canary.control.messages > 0 ? rowsOf('canary', canary, found) : []),
  ];
  const { compared = 0, disagreements = 0 } = shadow.treatment;
  const differ =
    compared === 0 ? '' : `They differ in ${percent(disagreements / compared)} of ${compared} messages.\n`;
  const frozen = found.frozen === null ? '' : `Frozen: ${found.frozen}\n`;
  const among = found.stage === 'canary' ? `, serving ${percent(found.serves)} of the keys` : '';
  const level =
    found.arms === 1 ? '' : `One of ${found.arms} under way, each decided at alpha ${found.alpha}.\n`;
  return `${found.task}: ${found.treatment} against ${found.control}, in ${found.stage}${among}, until ${found.ends}
${found.hypothesis ?? ''}
${table(rows)}${differ}Effect on accuracy ${percent(effect)} (${percent(interval[0])} to ${percent(interval[1])})
${found.decision}: ${found.reason}
${level}${frozen}A candidate that always fails is rolled back within ${found.rollsBackWithin.failing} messages of its own.
`;
}

const rowsOf = (
  stage: string,
  arms: { readonly control: ArmTally; readonly treatment: ArmTally },
  { control, treatment }: Status,
) => [rowOf(stage, control, arms.control), rowOf(stage, treatment, arms.treatment)];

const rowOf = (
  stage: string,
  release: string,
  { messages, labelled, correct, confidenceSum, abstained, errors }: ArmTally,
) => ({
  ...{ stage, release, messages, labelled },
  accuracy: labelled === 0 ? null : percent(correct / labelled),
  expected: messages === 0 ? null : percent(confidenceSum / messages),
  abstained,
  failed: errors,
});
