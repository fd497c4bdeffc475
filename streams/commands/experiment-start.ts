// `millrace experiment start`: a person puts a release on trial, alone or beside others.
import { randomUUID } from 'node:crypto';
import { type Command, InvalidArgumentError } from 'commander';
import { promotable } from '../../connectors/model-store/promotion.ts';
import type { ModelStore } from '../../connectors/model-store.ts';
import {
  armsMax,
  type Experiment,
  obstacle,
  sharesMax,
  type TaskState,
} from '../../processors/experiments/task-state.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import { whoDecides } from '../decision-by-hand.ts';
import { type Declared, definitionOf, experimentId, percent } from '../experiments/evidence.ts';
import type { Ledger } from '../model-ledger.ts';
import { settle } from '../serving.ts';
import { type Action, type CommandContext, exitCodes, jsonLine } from './command.ts';
import { numberBetween } from './data-places.ts';
import { assertCounted, withLedger } from './experiment-ledger.ts';

interface StartOptions {
  readonly treatment: string;
  readonly share?: number;
  readonly hypothesis?: string;
  readonly owner?: string;
  readonly skipShadow?: boolean;
  readonly until?: (now: number) => number;
  readonly json?: boolean;
}

export function defineStart(group: Command, context: CommandContext, action: Action): void {
  group
    .command('start <task>')
    .description('put a release on trial beside what serves')
    .requiredOption('--treatment <release>', 'the candidate, task@version')
    .option('--share <share>', 'share of the keys that it serves in its canary', numberBetween(0.001, 0.999))
    .option('--hypothesis <text>', 'what it is expected to do better')
    .option('--owner <name>', 'who answers for it (default: you)')
    .option('--skip-shadow', 'let it serve its share at once')
    .option('--until <when>', 'when it ends at the latest: 7d, 12h, or a time', untilOf)
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Beside experiments that are under way it is one more arm against the same control, of up to ${armsMax}. Each serves the keys
of its share that those before it leave; together their shares are ${sharesMax} at most.

Examples:
  millrace experiment start sentiment --treatment sentiment@2.1.0 --hypothesis "negations are understood"
  millrace experiment start sentiment --treatment sentiment@2.2.0 --share 0.2
  millrace experiment start toxicity --treatment toxicity@2.1.0 --share 0.05 --until 3d
  millrace experiment status sentiment`,
    )
    .action(
      action((task: string, options: StartOptions) =>
        withLedger(context, (ledger, store) => start(context, ledger, store, task, options)),
      ),
    );
}

const millisecondsBySuffix: Readonly<Record<string, number>> = { s: 1e3, m: 6e4, h: 36e5, d: 864e5 };

function untilOf(text: string): (now: number) => number {
  const [, number, unit] = /^(\d+)([smhd])$/.exec(text) ?? [];
  if (number !== undefined) return (now) => now + Number(number) * millisecondsBySuffix[unit!]!;
  const time = Date.parse(text);
  if (Number.isFinite(time)) return () => time;
  throw new InvalidArgumentError('Write it as 12h, 7d or 2026-03-01T12:00:00Z.');
}

async function start(
  { io, configuration, stack }: CommandContext,
  ledger: Ledger,
  store: ModelStore,
  task: string,
  options: StartOptions,
): Promise<number> {
  assertFree(ledger.state(task));
  await store.manifest(task);
  await settle(store, ledger, task);
  const state = ledger.state(task);
  const control = state.serving!.release;
  const manifest = await promotable(store, options.treatment, { force: false, serving: async () => control });
  assertOther(task, control, manifest);
  assertRoom(state, {
    treatment: manifest.release,
    share: options.share ?? configuration.experiments.canaryShare,
  });
  const by = whoDecides();
  const { release } = manifest;
  const now = (await stack()).now();
  const until = options.until?.(now);
  if (until !== undefined && until <= now)
    throw new Misconfigured('the experiment would end before it begins', soon);
  const brought = await ledger.record({
    ...{ event: 'candidate-trained', task, release, by, of: randomUUID() },
    reason: `${by} brought it.`,
    evidence: state.experiments.length === 0 ? {} : { beside: control },
  });
  assertCounted(brought.counted, task);
  const candidate = { release, request: null, at: brought.event.eventTime };
  const id = experimentId(task, candidate);
  const evidence = definitionOf(
    control,
    candidate,
    declaredBy(options, until, by),
    configuration.experiments,
  );
  const begun = await ledger.record({
    ...{ event: 'shadowed', task, release, experiment: id, by, evidence, of: id },
    reason: options.hypothesis ?? `${by} started it.`,
  });
  assertCounted(begun.counted, task);
  await io.stdout.write(
    options.json
      ? jsonLine({ experiment: id, task, control, treatment: release, definition: evidence })
      : `${release} is on trial beside ${control} until ${evidence.until}: experiment ${id}\n`,
  );
  return exitCodes.done;
}

const declaredBy = (
  { share, hypothesis, owner, skipShadow }: StartOptions,
  until: number | undefined,
  by: string,
): Declared => ({
  owner: owner ?? by,
  ...(hypothesis === undefined ? {} : { hypothesis }),
  ...(share === undefined ? {} : { share: String(share) }),
  ...(skipShadow ? { skipShadow: 'true' } : {}),
  ...(until === undefined ? {} : { until: new Date(until).toISOString() }),
});

const soon = { code: 'bad-argument', fix: 'Give a later --until, such as 7d.' };

function assertFree({ task, frozen, candidate }: TaskState): void {
  if (frozen !== null)
    throw new Misconfigured(`${task} is frozen by ${frozen.by}: ${frozen.reason}`, {
      code: 'frozen',
      fix: `“millrace freeze --off ${task}” lets the loop go on.`,
    });
  if (candidate !== null)
    throw new Misconfigured(`${candidate.release} is about to be put on trial for ${task}`, {
      code: 'experiment-open',
      fix: `See “millrace experiment status ${task}”.`,
    });
}

function assertRoom(state: TaskState, wanted: Pick<Experiment, 'treatment' | 'share'>): void {
  const reason = obstacle(state, wanted);
  if (reason === null) return;
  const { task, experiments } = state;
  const taken = experiments.reduce((sum, { share }) => sum + share, 0);
  const says = {
    arms: `${experiments.length} releases are on trial for ${task} already, and ${armsMax} may be`,
    treatment: `${wanted.treatment} is on trial for ${task} already`,
    shares: `a share of ${percent(wanted.share)} does not fit: ${percent(taken)} of the keys of ${task} are on trial already, and ${percent(sharesMax)} may be`,
  };
  throw new Misconfigured(says[reason], {
    code: 'experiment-open',
    fix: `${reason === 'shares' ? 'Give a smaller --share, wait' : 'Wait'} for an end, or end one with “millrace experiment stop ${task} --treatment … --reason …”.`,
  });
}

function assertOther(
  task: string,
  control: string,
  manifest: { readonly task: string; readonly release: string },
): void {
  if (manifest.task !== task)
    throw new Misconfigured(`${manifest.release} is a release of ${manifest.task}, not of ${task}`, {
      code: 'bad-argument',
      fix: `Name a release of ${task}; see “millrace models list”.`,
    });
  if (manifest.release === control)
    throw new Misconfigured(`${control} serves ${task} already`, {
      code: 'serves-already',
      fix: 'A task without a champion is served by its highest version: promote the one that is to be compared with first.',
    });
}
