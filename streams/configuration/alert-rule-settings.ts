// Alert rules as people write them, and matchers of alerts.
import { z } from 'zod';
import { type Matcher, readMatcher } from '../../processors/alerts/matcher.ts';
import { driftFigures, type Rule, signals } from '../../processors/alerts/rule.ts';
import { milliseconds } from './quantity.ts';
import type { Kind } from './setting.ts';

const name = z.string().regex(/^[a-z][a-z0-9-]{0,63}$/, 'small letters, digits and dashes');
const word = z.string().min(1).max(256);
const severity = z.enum(['info', 'warning', 'critical']);
export const channelNames = ['email', 'slack', 'webhook', 'alertmanager'] as const;
const channels = z.array(z.enum(channelNames)).readonly();

/** A time: milliseconds, or text such as `5m`. */
const duration = (min: number) => {
  const { fromText, schema } = milliseconds({ min });
  return z.preprocess((given) => (typeof given === 'string' ? fromText(given) : given), schema);
};

const ruleSchema = z
  .strictObject({
    name,
    signal: z.enum(signals),
    above: z.number().optional(),
    below: z.number().optional(),
    for: duration(0).default(0),
    window: duration(1_000).default(600_000),
    samplesMin: z.number().int().min(1).default(1),
    severity: severity.default('warning'),
    group: word.nullable().default(null),
    labels: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), word).default({}),
    channels: channels.default([]),
    noData: z.enum(['keep', 'ok', 'alert']).default('keep'),
    escalate: z
      .array(
        z
          .strictObject({ after: duration(1), severity, channels: channels.default([]) })
          .transform(({ after, ...rest }) => ({ ...rest, afterMs: after })),
      )
      .default([]),
    task: name.nullable().default(null),
    of: z.enum(driftFigures).default('verdict'),
    sql: word.max(10_000).nullable().default(null),
    price: z.number().positive().nullable().default(null),
  })
  .superRefine(({ signal, above, below, of, sql, price }, context) => {
    const wrong = (message: string) => context.addIssue({ code: 'custom', message });
    const isVerdict = signal === 'drift' && of === 'verdict';
    const bounds = [above, below].filter((bound) => bound !== undefined).length;
    if (isVerdict && bounds > 0) wrong('the verdict of a drift report needs neither above nor below');
    if (!isVerdict && bounds !== 1) wrong('a rule has either above or below');
    if ((sql !== null) !== (signal === 'sql')) wrong('sql belongs to the signal sql, and to no other');
    if (price !== null && signal !== 'cost') wrong('price belongs to the signal cost');
    if (of !== 'verdict' && signal !== 'drift') wrong('of belongs to the signal drift');
  })
  .transform(
    ({ above, below, for: forMs, window: windowMs, of, escalate, ...rest }): Rule => ({
      ...rest,
      comparison: below === undefined ? 'above' : 'below',
      threshold: below ?? above ?? 0.5,
      forMs,
      windowMs,
      figure: of,
      escalations: escalate,
    }),
  );

/** A list of mappings in YAML; the same as JSON in a variable. */
export const ruleList: Kind<readonly Rule[]> = {
  wanted: `rules, each with name, signal (${signals.join(', ')}) and above or below; a JSON list in a variable`,
  schema: z.array(ruleSchema),
  fromText: parsed,
  emptyIsNone: true,
  explains: true,
};

const matcherSchema = z.string().transform((written, context): Matcher => {
  const read = readMatcher(written);
  if (typeof read !== 'string') return read;
  context.addIssue({ code: 'custom', message: read });
  return z.NEVER;
});

/** `severity=critical team=~ml|data`, with blanks between several; a list in YAML. */
export const matcherList: Kind<readonly Matcher[]> = {
  wanted: 'matchers such as severity=critical or team=~ml|data, blanks between several',
  schema: z.array(matcherSchema),
  fromText: (given) => given.split(/\s+/).filter((part) => part !== ''),
  emptyIsNone: true,
  explains: true,
};

function parsed(given: string): unknown {
  if (given.trim() === '') return [];
  try {
    return JSON.parse(given);
  } catch {
    return given;
  }
}
