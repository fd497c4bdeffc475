// Requests about labels: what to label next, and whether feedback speaks of a task and a label that there are.
import type { LabelRequest } from '../../connectors/http/parts.ts';
import { type BodyError, HttpProblem, unusableBody } from '../../connectors/http/problem.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import type { LabelsAnswer, PostedFeedback } from '../../schemas/requests.ts';
import { type Leased, Leases } from '../labels/leases.ts';
import { type LabelPorts, nextToLabel } from '../labels/next.ts';
import { modelStoreOf } from '../models.ts';
import type { Stack } from '../stack.ts';

/** Throws `HttpProblem` (422) for a task that is none or has no labels. */
export async function labelsFor(ports: LabelPorts, request: LabelRequest): Promise<LabelsAnswer> {
  try {
    return await nextToLabel(ports, request);
  } catch (error) {
    if (error instanceof Misconfigured && (error.code === 'model-missing' || error.code === 'label-scores'))
      throw new HttpProblem(422, error.code, `${error.message}. ${error.fix}`);
    throw error;
  }
}

/** How long what a task’s labels are is believed, in milliseconds. */
const knownMs = 60_000;
const labelsByTask = new Map<string, { readonly until: number; readonly labels: readonly string[] | null }>();

/**
 * Throws `HttpProblem` (422) where feedback speaks of a task that no release answers, or of a label that the serving
 * release does not know. That its message is known is not asked: feedback may be faster than the message.
 */
export async function assertAboutTasks(
  { configuration, now }: Pick<Stack, 'configuration' | 'now'>,
  posted: readonly PostedFeedback[],
): Promise<void> {
  const errors: BodyError[] = [];
  for (const [index, { task, label }] of posted.entries()) {
    const labels = task.includes('@') ? null : await knownLabels(configuration, task, now());
    if (labels === null)
      errors.push({ pointer: `/${index}/task`, detail: `task: no release answers “${task}”` });
    else if (label !== undefined && !labels.includes(label))
      errors.push({ pointer: `/${index}/label`, detail: `label: ${task} does not know “${label}”` });
  }
  if (errors.length > 0) throw unusableBody(errors);
}

/** Labels of the serving release; null where there is none. */
async function knownLabels(
  configuration: Stack['configuration'],
  task: string,
  now: number,
): Promise<readonly string[] | null> {
  const key = `${configuration.inference.modelsDirectory}\u0000${task}`;
  const known = labelsByTask.get(key);
  if (known && known.until > now) return known.labels;
  // Words that anybody may send are not all remembered.
  if (labelsByTask.size > 1_000) labelsByTask.clear();
  const labels = await labelsInStore(configuration, task);
  labelsByTask.set(key, { until: now + knownMs, labels });
  return labels;
}

async function labelsInStore(configuration: Stack['configuration'], task: string) {
  try {
    return (await modelStoreOf(configuration).manifest(task)).labels;
  } catch (error) {
    if (
      error instanceof Misconfigured &&
      (error.code === 'model-missing' || error.code === 'bad-release-name')
    )
      return null;
    throw error;
  }
}

/** Messages that were spoken about are handed to nobody else while the words are on their way. */
export async function settleLeases(
  { cache, configuration }: Pick<Stack, 'cache' | 'configuration'>,
  spoken: readonly Leased[],
): Promise<void> {
  const leases = new Leases(cache, configuration.labels.leaseMs);
  await Promise.all(spoken.map((message) => leases.settle(message)));
}
