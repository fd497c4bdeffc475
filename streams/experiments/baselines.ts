// Baselines of what experiments promoted: counted anew from the traffic that it answered on trial, once.
import { renewBaseline } from '../../connectors/clickhouse/histograms.ts';
import type { Ledger } from '../model-ledger.ts';
import type { Stack } from '../stack.ts';

interface Promotion {
  readonly id: string;
  readonly task: string;
  readonly release: string;
  readonly experiment: string;
  readonly first: string;
  readonly end: string;
}

/**
 * Renews the baselines of releases that serve since an experiment promoted them, where that has not been done, and says
 * so in the ledger. Where too few messages were counted, the release keeps what it came with. Throws `Retryable`.
 */
export async function renewBaselines(
  { clickhouse }: Pick<Stack, 'clickhouse'>,
  ledger: Pick<Ledger, 'states' | 'record'>,
): Promise<void> {
  const serving = ledger.states.flatMap((state) => state.serving ?? []).map(({ release }) => release);
  if (serving.length === 0) return;
  const promotions = await clickhouse.query<Promotion>(promotionsSql, { serving });
  for (const { id, task, release, experiment, first, end } of promotions) {
    const span = { from: Number(first), to: Number(end) };
    const features = await renewBaseline(clickhouse, { release, ...span });
    await ledger.record({
      ...{ event: 'baseline-renewed', task, release, experiment, by: 'experiments', of: id },
      reason:
        features.length === 0
          ? 'Too few messages: it keeps the baselines it was released with.'
          : `Counted from the messages that it answered on trial: ${features.join(', ')}.`,
      evidence: { promotion: id, features: features.join(','), from: first, to: end },
    });
  }
}

/** Promotions without a renewal of theirs. */
const promotionsSql = `
SELECT id, task, release, experiment, evidence['from'] AS first, evidence['to'] AS end
FROM model_events
WHERE event = 'promoted' AND experiment IS NOT NULL AND release IN {serving:Array(String)} AND evidence['from'] != ''
  AND id NOT IN (SELECT evidence['promotion'] FROM model_events WHERE event = 'baseline-renewed')
ORDER BY eventTime
LIMIT 1 BY id`;
