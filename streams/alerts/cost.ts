// What inference costs: money a day at a price for messages, or seconds of inference for 1,000 texts in this process.
import type { Observation, Rule } from '../../processors/alerts/rule.ts';
import type { Stack } from '../stack.ts';
import { observationOf } from './readings.ts';

const dayMs = 86_400_000;

/** Counters of this process at an instant. */
interface Count {
  readonly at: number;
  readonly seconds: number;
  readonly texts: number;
}

/** By process, what was counted at earlier looks: the newest last. */
const counts = new WeakMap<Stack['metrics'], Count[]>();

/** The cost at an instant, ms since 1970; of seconds there is none before the second look. */
export async function readCost(stack: Stack, rule: Rule, at: number): Promise<readonly Observation[]> {
  return rule.price === null ? secondsOf(stack, rule, at) : moneyOf(stack, rule, rule.price, at);
}

async function moneyOf(
  { clickhouse }: Stack,
  rule: Rule,
  price: number,
  at: number,
): Promise<readonly Observation[]> {
  const [row] = await clickhouse.query<{ samples: number }>(
    `SELECT toUInt32(count()) AS samples FROM predictions
     WHERE _time >= fromUnixTimestamp64Milli({from:Int64}) AND _time < fromUnixTimestamp64Milli({to:Int64})`,
    { from: at - rule.windowMs, to: at },
  );
  const samples = row?.samples ?? 0;
  const value = Math.round(((samples * price) / 1_000) * (dayMs / rule.windowMs) * 100) / 100;
  const says = `${value} a day at ${price} for 1,000 messages`;
  const evidence = { price: String(price) };
  return [observationOf(rule)({ series: '', value, samples, says, evidence })];
}

async function secondsOf({ metrics }: Stack, rule: Rule, at: number): Promise<readonly Observation[]> {
  const printed = await metrics.print();
  const now: Count = {
    at,
    seconds: sumOf(printed, 'millrace_inference_seconds_sum'),
    texts: sumOf(printed, 'millrace_inference_texts_total'),
  };
  const known = counts.get(metrics) ?? [];
  const before = known.find((count) => count.at >= at - rule.windowMs) ?? null;
  counts.set(metrics, [...known.filter((count) => count.at >= at - dayMs && count.at < at), now]);
  if (before === null || before.at === at) return [];
  const samples = now.texts - before.texts;
  const value = samples === 0 ? 0 : ((now.seconds - before.seconds) / samples) * 1_000;
  const says = `${Math.round(value * 100) / 100} s of inference for 1,000 texts`;
  return [observationOf(rule)({ series: '', value, samples, says, evidence: {} })];
}

/** The sum of a metric over its labels, from the text that Prometheus reads. */
function sumOf(printed: string, name: string): number {
  const lines = printed.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)`, 'gm'));
  return [...lines].reduce((sum, [, value]) => sum + Number(value), 0);
}
