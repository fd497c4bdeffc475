// Answers one request for retraining, step by step: begun, collected, trained apart, published, recorded. Every step that
// was done before, by this process or one that was killed, is found and not done again.
import type { Retraining } from '../../processors/experiments/task-state.ts';
import { Misconfigured, Retryable } from '../../schemas/errors.ts';
import type {
  Judgement,
  Progress,
  TrialFolder,
  VariantTrial,
} from '../../trainers/retraining/trial-folder.ts';
import { untrainable } from '../../trainers/retraining/variants.ts';
import { raise, resolve } from '../alerts.ts';
import type { Decision, Ledger, Recorded } from '../model-ledger.ts';
import { modelStoreOf } from '../models.ts';
import { servingRelease } from '../serving.ts';
import type { Stack } from '../stack.ts';
import { collectOnce } from './collecting.ts';
import { fitApart } from './fitting.ts';
import { folderOf, runsOf } from './folders.ts';
import { publishCandidate } from './publication.ts';

/** The ledger as an answer needs it. */
type Decisions = Pick<Ledger, 'record' | 'state'>;

/** How a trial is conducted: in a process of its own, or, in tests, in this one. */
export type Fit = typeof fitApart;

export interface AnswerOptions {
  readonly signal: AbortSignal;
  readonly fit?: Fit | undefined;
  readonly onProgress?: ((progress: Omit<Progress, 'at'>) => void) | undefined;
}

/**
 * Trains for an open request and records what came of it. Throws the signal’s reason when aborted, `Retryable` when it is
 * to be tried again; what a person has to change is recorded as declined.
 */
export async function answerRequest(
  stack: Stack,
  ledger: Decisions,
  task: string,
  asked: Retraining,
  options: AnswerOptions,
): Promise<Recorded> {
  const folder = folderOf(stack.configuration, task, asked.request);
  const { serving } = ledger.state(task);
  // What serves now is to be bettered, whatever served when it was asked for.
  const champion =
    serving === null
      ? asked.release
      : await servingRelease(modelStoreOf(stack.configuration), ledger.state(task));
  const current = { ...asked, release: champion };
  const recorded = await workThrough(stack, ledger, task, current, options).catch(async (error: unknown) => {
    const declined = await declinedBy(error, folder, options.signal);
    return decline(stack, ledger, task, current, declined);
  });
  // One that was refused is given again: by then it is needed.
  if (ledger.state(task).retraining?.request !== asked.request) await folder.removeModels();
  return recorded;
}

/** Failures after which nobody waits for a training any longer. */
const failuresMax = 5;

/** What an error says for good; throws it where trying again may do. Failures are counted in the folder, so that restarts count. */
async function declinedBy(error: unknown, folder: TrialFolder, signal: AbortSignal): Promise<Declined> {
  signal.throwIfAborted();
  if (error instanceof Misconfigured)
    return { code: error.code, why: `${error.message}. ${error.fix}`, evidence: {} };
  // A store or a log that does not answer says nothing about the training, and comes back.
  if (error instanceof Retryable && error.code !== 'fit-died') throw error;
  const failures = (await folder.failures()) + 1;
  await folder.saveFailures(failures);
  if (failures < failuresMax) throw error;
  const last = error instanceof Error ? error.message : String(error);
  return {
    code: 'failed',
    why: `the training failed ${failures} times, the last time: ${last}`,
    evidence: { failures: String(failures) },
  };
}

async function workThrough(
  stack: Stack,
  ledger: Decisions,
  task: string,
  asked: Retraining,
  { signal, fit = fitApart, onProgress = () => {} }: AnswerOptions,
): Promise<Recorded> {
  const { configuration } = stack;
  const { request, release } = asked;
  const folder = folderOf(configuration, task, request);
  const note = async (stage: Progress['stage']) => {
    // What is done is done, whoever wants it stopped.
    if (stage !== 'done') signal.throwIfAborted();
    onProgress({ stage, done: 0 });
    await folder.saveProgress({ stage, done: 0, at: stack.now() });
  };
  const store = modelStoreOf(configuration);
  const refused = untrainable(await store.manifest(release));
  if (refused !== null)
    return decline(stack, ledger, task, asked, { code: 'not-trainable', why: refused, evidence: {} });
  await ledger.record({
    event: 'training-started',
    task,
    release,
    request,
    reason: asked.reason,
    evidence: { cause: asked.cause },
    by: 'trainer',
    of: request,
  });
  await note('collecting');
  const plan = await collectOnce(stack, folder, task, asked, signal);
  const judgement = await fit(folder, { runs: runsOf(configuration), signal, onProgress });
  await note('publishing');
  if (judgement.passed === null) {
    const [finding] = judgement.quality.findings;
    const code = finding?.code ?? judgement.trials[0]?.objections[0]?.code ?? 'declined';
    const declined = { code, why: judgement.why, evidence: evidenceOf(judgement) };
    const recorded = await decline(stack, ledger, task, asked, declined);
    await note('done');
    return recorded;
  }
  const candidate = await publishCandidate(store, folder, plan, judgement, ledger.state(task));
  signal.throwIfAborted();
  const recorded = await recordAnswer(stack, ledger, {
    event: 'candidate-trained',
    task,
    release: candidate,
    request,
    reason: reasonOf(judgement, release),
    evidence: { cause: asked.cause, champion: release, ...evidenceOf(judgement) },
    by: 'trainer',
  });
  await resolve(stack, `retraining/${task}`, `${task} was trained anew: ${candidate}`);
  await note('done');
  return recorded;
}

/**
 * Records the answer to a request under its own id. One that was refused, because a person had frozen the task at that
 * very moment, is given anew once the task is thawed.
 */
async function recordAnswer(
  { now }: Pick<Stack, 'now'>,
  ledger: Decisions,
  answer: Omit<Decision, 'of'> & { readonly request: string },
): Promise<Recorded> {
  const { task, request } = answer;
  const recorded = await ledger.record({ ...answer, of: request });
  const { retraining, frozen } = ledger.state(task);
  const isOpen = retraining?.request === request && frozen === null;
  return recorded.counted || !isOpen ? recorded : ledger.record({ ...answer, of: `${request}/${now()}` });
}

interface Declined {
  readonly code: string;
  readonly why: string;
  readonly evidence: Readonly<Record<string, string>>;
}

/** What only shows that a candidate is no better is no news to wake anybody for. */
const quiet = new Set(['gain-too-small', 'gain-not-significant', 'loses-on-old', 'loses-on-slice']);

async function decline(
  stack: Stack,
  ledger: Decisions,
  task: string,
  { request, release, cause }: Retraining,
  { code, why, evidence }: Declined,
): Promise<Recorded> {
  if (!quiet.has(code))
    await raise(stack, {
      rule: `retraining/${task}`,
      severity: 'warning',
      state: 'firing',
      summary: `${task} could not be trained anew: ${why}`,
      evidence: { task, release, request, code },
      incident: request,
    });
  return recordAnswer(stack, ledger, {
    event: 'training-declined',
    task,
    release,
    request,
    reason: why,
    evidence: { cause, code, ...evidence },
    by: 'trainer',
  });
}

function reasonOf({ passed, trials }: Judgement, champion: string): string {
  const { recent } = trials.find(({ variant }) => variant === passed)!;
  return `trained ${passed === 'scratch' ? 'from scratch' : `on from ${champion}`}, it takes away ${(100 * recent.gain).toFixed(1)} % of the error of ${champion} on ${recent.samples} recent texts (p = ${recent.p.toPrecision(3)})`;
}

/** Figures for the event: what was learned from, and how every way of training did. */
function evidenceOf({
  counts,
  quality,
  trials,
  missing,
  passed,
}: Judgement): Readonly<Record<string, string>> {
  const { suspiciousShare } = quality;
  return {
    labelled: String(counts.read),
    used: String(counts.used),
    conflicting: String(counts.conflicting),
    unknownLabels: Object.entries(counts.unknownLabels)
      .map(([label, rows]) => `${label}: ${rows}`)
      .join(', '),
    ...(suspiciousShare === null ? {} : { suspicious: suspiciousShare.toFixed(4) }),
    ...(missing.length > 0 ? { missing: missing.join(', ') } : {}),
    ...(passed === null ? {} : { variant: passed }),
    ...Object.fromEntries(trials.flatMap(figuresOf)),
  };
}

const figuresOf = ({ variant, kind, seconds, recent, old }: VariantTrial): (readonly [string, string])[] => [
  [`${variant}.kind`, kind],
  [`${variant}.seconds`, seconds.toFixed(1)],
  [`${variant}.samples`, String(recent.samples)],
  [`${variant}.error`, `${recent.candidate.toFixed(4)} (champion ${recent.champion.toFixed(4)})`],
  [`${variant}.gain`, recent.gain.toFixed(4)],
  ...(recent.gainInterval
    ? [[`${variant}.gainInterval`, recent.gainInterval.map((end) => end.toFixed(4)).join('–')] as const]
    : []),
  [`${variant}.p`, recent.p.toPrecision(4)],
  ...old.map(
    ({ set, candidate, champion }) =>
      [`${variant}.error on ${set}`, `${candidate.toFixed(4)} (champion ${champion.toFixed(4)})`] as const,
  ),
];
