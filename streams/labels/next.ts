// What a labeller is handed next: the most valuable unlabelled messages, within his budget, leased to him.

import { selectForLabelling } from '../../processors/labels/selection.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import type { LabelsAnswer } from '../../schemas/requests.ts';
import { modelStoreOf } from '../models.ts';
import type { Stack } from '../stack.ts';
import { readBudget, sourceOf } from './budget.ts';
import { type Leased, Leases } from './leases.ts';
import { findMessages } from './messages.ts';
import { readKnownTexts, readPool } from './pool.ts';

export type LabelPorts = Pick<Stack, 'clickhouse' | 'cache' | 'configuration' | 'now'>;

export interface LabelWish {
  readonly task: string;
  readonly labeller: string;
  readonly count: number;
  /** All tenants where null. */
  readonly tenant: string | null;
  /** Ids of messages that he does not want again for now. */
  readonly skip?: readonly string[];
  /** Hands out more than the day’s budget allows. */
  readonly overBudget?: boolean;
}

/** Others may hold the first choices: so many more are chosen than wanted. */
const spare = 50;

/**
 * The next messages; none where the budget is spent or nothing is left. Throws `Misconfigured` for a task that is none
 * (`model-missing`) or that answers with scores (`label-scores`), and `Retryable`.
 */
export async function nextToLabel(ports: LabelPorts, wish: LabelWish): Promise<LabelsAnswer> {
  const { clickhouse, cache, configuration, now } = ports;
  const { task, labeller, tenant } = wish;
  const { perDayMax, poolMax, spanMs, leaseMs, weights } = configuration.labels;
  const labels = await labelsOf(configuration, task);
  const budget = await readBudget(clickhouse, { task, labeller, tenant, perDay: perDayMax, now: now() });
  const leases = new Leases(cache, leaseMs);
  for (const skipped of await skippedBy(clickhouse, wish)) await leases.settle(skipped);
  const answer = { task, labels, source: sourceOf(labeller), budget };
  const count = wish.overBudget ? wish.count : Math.min(wish.count, budget.left);
  if (count === 0) return { ...answer, items: [] };
  const since = now() - spanMs;
  const [pool, known] = await Promise.all([
    readPool(clickhouse, { task, tenant, since, max: poolMax }),
    readKnownTexts(clickhouse, { task, since }),
  ]);
  const chosen = selectForLabelling(pool, { count: count + spare, weights, known });
  const items: LabelsAnswer['items'] = [];
  for (const { candidate, value, reasons } of chosen) {
    if (items.length === count) break;
    const { messageId, kind, text } = candidate;
    const of = candidate.tenant;
    if (await leases.take({ tenant: of, task, messageId }, labeller))
      items.push({ messageId, tenant: of, kind, text, value, reasons: [...reasons] });
  }
  return { ...answer, items };
}

/** What a labeller does not want again; who labels for all tenants names ids alone, and means the newest message of one. */
async function skippedBy(
  clickhouse: LabelPorts['clickhouse'],
  { task, tenant, skip = [] }: LabelWish,
): Promise<readonly Leased[]> {
  if (tenant !== null) return skip.map((messageId) => ({ tenant, task, messageId }));
  const tenants = await findMessages(clickhouse, task, skip);
  return [...tenants].map(([messageId, of]) => ({ tenant: of, task, messageId }));
}

/**
 * Labels of the release that serves a task. Throws `Misconfigured` for a task without a release (`model-missing`), and
 * for one that answers with scores, which have no labels to choose from (`label-scores`).
 */
export async function labelsOf(configuration: Stack['configuration'], task: string): Promise<string[]> {
  const { labels, activation } = await modelStoreOf(configuration).manifest(task);
  if (activation !== 'identity') return [...labels];
  throw new Misconfigured(`${task} answers with scores, not with labels`, {
    code: 'label-scores',
    fix: 'Give the right score as feedback with a value: POST /v1/feedback, or “millrace label add … --value 70”.',
  });
}
