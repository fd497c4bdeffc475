// One look at a rule: what is observed against what is known, and the messages that follow. Ids follow from the rule, the
// incident before and the step, so that two processes which come to the same conclusion publish the same message.
import type { Alert } from '../../schemas/alert.ts';
import { derivedId, derivedTraceparent } from '../../schemas/identity.ts';
import type { History, Incident } from './history.ts';
import { labelEvidence } from './matcher.ts';
import { alertName, isPast, type Observation, type Rule, type Severity } from './rule.ts';

/** What a look needs besides the rule. */
export interface Look {
  readonly history: History;
  /** Since when each alert’s signal has been past its threshold without having fired; written by `evaluate`. */
  readonly pending: Map<string, number>;
  /** Instant of the look, ms since 1970. */
  readonly at: number;
  /** An alert that is not over is told of again after this long, in milliseconds. */
  readonly repeatMs: number;
  /** Where the known history begins: the incident before the first one known. */
  readonly origin: string;
}

/** The messages that follow from what a rule’s signal shows now. */
export function evaluate(rule: Rule, observations: readonly Observation[], look: Look): readonly Alert[] {
  const names = new Set(observations.map(({ series }) => alertName(rule, series)));
  const silent = look.history.firing
    .filter(({ rule: name, alert }) => alert.evidence.ofRule === rule.name && !names.has(name))
    .map(({ rule: name }): Observation => {
      const series = name === rule.name ? '' : name.slice(rule.name.length + 1);
      return { series, value: null, says: 'no data', evidence: {} };
    });
  return [...observations, ...silent].flatMap((seen) => evaluateOne(rule, seen, look));
}

function evaluateOne(rule: Rule, seen: Observation, look: Look): readonly Alert[] {
  const name = alertName(rule, seen.series);
  const latest = look.history.incident(name);
  const open = latest?.endedAt === null ? latest : null;
  const isBad = badness(rule, seen);
  if (isBad === false) {
    look.pending.delete(name);
    return open ? [ending(rule, seen, open, look)] : [];
  }
  if (open) {
    look.pending.delete(name);
    return further(rule, seen, open, look, isBad === true);
  }
  const since = look.pending.get(name) ?? (isBad === null ? null : Math.min(seen.since ?? look.at, look.at));
  if (since === null) return [];
  look.pending.set(name, since);
  if (isBad === null || look.at - since < rule.forMs) return [];
  look.pending.delete(name);
  return [beginning(rule, seen, { since, before: latest?.id ?? look.origin, look })];
}

/** Whether the signal is past the threshold; null where nothing is known and the rule says that nothing changes then. */
function badness(rule: Rule, { value, isGone }: Observation): boolean | null {
  if (isGone) return false;
  if (value !== null) return isPast(rule, value);
  return { keep: null, ok: false, alert: true }[rule.noData];
}

function beginning(
  rule: Rule,
  seen: Observation,
  { since, before, look }: { readonly since: number; readonly before: string; readonly look: Look },
): Alert {
  const name = alertName(rule, seen.series);
  const trace = derivedTraceparent(derivedId('incident', name, before));
  const evidence = { ...evidenceOf(rule, seen), since: new Date(since).toISOString() };
  const summary = `${name}: ${seen.says}`;
  return message(
    { rule: name, state: 'firing', severity: rule.severity, summary, trace, evidence, step: 'firing' },
    groupOf(rule, seen.series),
    look.at,
  );
}

/** Escalations that are due, else a reminder that is: of an alert that is not over. */
function further(
  rule: Rule,
  seen: Observation,
  open: Incident,
  look: Look,
  isSeen: boolean,
): readonly Alert[] {
  const evidence = isSeen ? evidenceOf(rule, seen) : { ...open.alert.evidence };
  const says = isSeen ? seen.says : 'no data since';
  const step = (name: string, severity: Severity, channels: readonly string[], words: string): Alert => {
    const told = channels.length === 0 ? {} : { channels: channels.join(',') };
    const summary = `${open.rule}: ${says} (${words})`;
    const { channels: _, ...rest } = evidence;
    return message(
      {
        rule: open.rule,
        state: 'firing',
        severity,
        summary,
        trace: open.alert.traceparent,
        evidence: { ...rest, ...told },
        step: name,
      },
      open.alert.group,
      look.at,
    );
  };
  const sinceMs = look.at - open.beganAt;
  let told = rule.channels;
  const due = rule.escalations.flatMap(({ afterMs, severity, channels }, index) => {
    // No channels at all means every channel, to which none can be added.
    told = told.length === 0 ? told : [...new Set([...told, ...channels])];
    if (sinceMs < afterMs) return [];
    const after = step(`escalation-${index + 1}`, severity, told, `for ${span(sinceMs)}`);
    return open.steps.has(after.id) ? [] : [after];
  });
  if (due.length > 0) return due;
  if (look.at - open.lastAt < look.repeatMs) return [];
  const reminder = `repeat-${open.steps.size}`;
  return [step(reminder, open.alert.severity, open.channels, `still, for ${span(sinceMs)}`)];
}

function ending(rule: Rule, seen: Observation, open: Incident, look: Look): Alert {
  const told = open.channels.length === 0 ? {} : { channels: open.channels.join(',') };
  const { channels: _, ...evidence } = evidenceOf(rule, seen);
  const why = seen.isGone ? seen.says : `${seen.says} (over after ${span(look.at - open.beganAt)})`;
  return message(
    {
      rule: open.rule,
      state: 'resolved',
      severity: open.alert.severity,
      summary: `${open.rule}: ${why}`,
      trace: open.alert.traceparent,
      evidence: { ...evidence, ...told },
      step: 'resolved',
    },
    open.alert.group,
    look.at,
  );
}

/** Alerts whose silence, or whose critical neighbour, is over while they are not: told now, once. */
export function uncovered({ history, at }: Pick<Look, 'history' | 'at'>): readonly Alert[] {
  return history.firing.flatMap((open) => {
    const cover = history.hiddenUntil(open, at);
    if (cover === null) return [];
    const { alert } = open;
    const id = stepId(open.rule, alert.traceparent, `after-${cover}`);
    if (open.steps.has(id)) return [];
    return [{ ...alert, id, state: 'firing' as const, eventTime: at, ingestTime: at, source: 'alerts' }];
  });
}

interface Words extends Pick<Alert, 'rule' | 'state' | 'severity' | 'summary' | 'evidence'> {
  readonly trace: string;
  readonly step: string;
}

const stepId = (rule: string, trace: string, step: string): string => derivedId('alert', rule, trace, step);

function message({ trace, step, ...words }: Words, group: string | null, at: number): Alert {
  return {
    id: stepId(words.rule, trace, step),
    tenant: 'default',
    eventTime: at,
    ingestTime: at,
    source: 'alerts',
    traceparent: trace,
    group,
    ...words,
  };
}

function evidenceOf(rule: Rule, { value, evidence }: Observation): Record<string, string> {
  return {
    ...evidence,
    ofRule: rule.name,
    threshold: `${rule.comparison} ${rule.threshold}`,
    ...(value === null ? {} : { value: String(value) }),
    ...(rule.channels.length === 0 ? {} : { channels: rule.channels.join(',') }),
    ...labelEvidence(rule.labels),
  };
}

/** A release’s alerts are told together with those of its task. */
const groupOf = ({ name, group }: Rule, series: string): string => {
  if (group !== null) return group;
  return series.includes('@') ? (series.split('@')[0] ?? name) : name;
};

/** 5,400,000 → “1.5 h”. */
function span(ms: number): string {
  const [unit, size] = ms < 120_000 ? ['s', 1_000] : ms < 7_200_000 ? ['min', 60_000] : ['h', 3_600_000];
  return `${Math.round((ms / Number(size)) * 10) / 10} ${unit}`;
}
