// The rules that run where nobody has declared any: each can be turned off, or declared anew under its name.
import type { Rule } from './rule.ts';

const minuteMs = 60_000;

const usual: Omit<Rule, 'name' | 'signal' | 'comparison' | 'threshold'> = {
  forMs: 0,
  windowMs: 10 * minuteMs,
  samplesMin: 1,
  severity: 'warning',
  group: null,
  labels: {},
  channels: [],
  noData: 'keep',
  escalations: [],
  task: null,
  figure: 'verdict',
  sql: null,
  price: null,
};

const becomesCritical = (afterMs: number) => [{ afterMs, severity: 'critical' as const, channels: [] }];

export const builtInRules: readonly Rule[] = [
  // A drifted report counts 1: it fires at once, and a later stable one ends it.
  { ...usual, name: 'drift', signal: 'drift', comparison: 'above', threshold: 0.5 },
  {
    ...usual,
    name: 'accuracy',
    signal: 'accuracy',
    comparison: 'below',
    threshold: 0.6,
    windowMs: 24 * 60 * minuteMs,
    samplesMin: 100,
  },
  {
    ...usual,
    name: 'error-rate',
    signal: 'error-rate',
    comparison: 'above',
    threshold: 0.05,
    forMs: 5 * minuteMs,
    samplesMin: 100,
    noData: 'ok',
    escalations: becomesCritical(30 * minuteMs),
  },
  {
    ...usual,
    name: 'latency',
    signal: 'latency',
    comparison: 'above',
    threshold: 5_000,
    forMs: 5 * minuteMs,
    windowMs: 5 * minuteMs,
    samplesMin: 100,
    noData: 'ok',
    group: 'traffic',
  },
  {
    ...usual,
    name: 'lag',
    signal: 'lag',
    comparison: 'above',
    threshold: 100_000,
    forMs: 10 * minuteMs,
    group: 'traffic',
    escalations: becomesCritical(60 * minuteMs),
  },
  {
    ...usual,
    name: 'data-quality',
    signal: 'data-quality',
    comparison: 'above',
    threshold: 0.2,
    forMs: 10 * minuteMs,
    windowMs: 60 * minuteMs,
    samplesMin: 200,
    noData: 'ok',
  },
];
