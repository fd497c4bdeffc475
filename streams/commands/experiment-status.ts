// `millrace experiment status` and `list`: how far the experiments are, and how those before ended.
import type { Command } from 'commander';
import { manifestOrNone } from '../../connectors/model-store/promotion.ts';
import type { ModelStore } from '../../connectors/model-store.ts';
import { type ArmTally, usualRules } from '../../processors/experiments/decision.ts';
import type { Experiment, TaskState } from '../../processors/experiments/task-state.ts';
import { messagesToRollBack, percent } from '../experiments/evidence.ts';
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
      '\nExamples:\n  millrace experiment status\n  millrace experiment status sentiment --json',
    )
    .action(
      action((task: string | undefined, options: Options) =>
        whereOpen(context, context.io, () => status(context, task, options.json ?? false)),
      ),
    );
}

export function defineList(group: Command, context: CommandContext, action: Action): void {
  group
    .command('list [task]')
    .description('all experiments, the newest first: what was tried, how it ended and why')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  millrace experiment list --json | jq ".[] | [.treatment, .outcome]"')
    .action(
      action((task: string | undefined, options: Options) =>
        whereOpen(context, context.io, () => list(context, task, options.json ?? false)),
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
      state.experiment ? [statusOf(stack, store, state, state.experiment)] : [],
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
  { task, serving, frozen }: TaskState,
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
  const { figures, ...step } = nextStep(look, rulesOf(settings, usualRules), settings);
  const { effect, interval, eValue, fixedP } = figures;
  return {
    experiment: id,
    ...{ task, control, treatment, stage, share },
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
    rollsBackWithin: messagesToRollBack(settings, stage === 'canary' ? share : 0.5),
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
  const among = found.stage === 'canary' ? `, serving ${percent(found.share)} of the keys` : '';
  return `${found.task}: ${found.treatment} against ${found.control}, in ${found.stage}${among}, until ${found.ends}
${found.hypothesis ?? ''}
${table(rows)}${differ}Effect on accuracy ${percent(effect)} (${percent(interval[0])} to ${percent(interval[1])})
${found.decision}: ${found.reason}
${frozen}A candidate that always fails is rolled back within ${found.rollsBackWithin.failing} messages of its own.
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

type Ended = {
  readonly experiment: string;
  readonly task: string;
  readonly treatment: string;
  readonly control: string;
  readonly started: string;
  readonly ended: string | null;
  readonly outcome: string;
  readonly by: string | null;
  readonly reason: string;
};

async function list({ io, stack }: CommandContext, task: string | undefined, json: boolean): Promise<number> {
  const { clickhouse } = await stack();
  const rows = await unlessInterrupted(io, clickhouse.query<Ended>(endedSql, { task: task ?? '' }));
  if (json) await io.stdout.write(jsonLine(rows));
  else await io.stdout.write(rows.length === 0 ? 'There has been no experiment.\n' : table(rows));
  return exitCodes.done;
}

/** The first end of each counts; what others decided at the same moment does not. */
const endedSql = `
SELECT experiment, task, any(release) AS treatment,
  maxIf(evidence['control'], event = 'shadowed') AS control,
  toString(minIf(eventTime, event = 'shadowed')) AS started,
  if(countIf(event IN ('promoted', 'rolled-back')) = 0, NULL, toString(minIf(eventTime, event IN ('promoted', 'rolled-back')))) AS ended,
  multiIf(ended IS NOT NULL, argMinIf(toString(event), eventTime, event IN ('promoted', 'rolled-back')),
    countIf(event = 'canaried') > 0, 'in canary', 'in shadow') AS outcome,
  argMax(by, eventTime) AS by, argMax(reason, eventTime) AS reason
FROM (SELECT * FROM model_events WHERE experiment IS NOT NULL AND event != 'baseline-renewed'
  AND ({task:String} = '' OR task = {task:String}) LIMIT 1 BY id)
GROUP BY experiment, task
ORDER BY started DESC`;
