// What people are told at once: the alerts of one group that came close together, each with its latest word.
import type { Alert } from '../../schemas/alert.ts';
import { derivedId } from '../../schemas/identity.ts';
import type { Notification, NotifiedAlert } from '../../schemas/notification.ts';
import { channelsOf, type Entry, type Incident } from './history.ts';
import { labelsOf, type Matcher, matchesAll } from './matcher.ts';

const ranks = ['info', 'warning', 'critical'] as const;

/** What one entry belongs to: its group, else its rule. */
export const groupOfEntry = ({ alert }: Entry): string => alert.group ?? alert.rule;

/** A channel as far as routing goes. */
export interface Route {
  readonly channel: string;
  /** Only alerts that fulfil all of them. */
  readonly matchers: readonly Matcher[];
}

/** Whether a channel is to tell an entry: nothing hides it, it names the channel or none, and the channel wants it. */
export function isFor({ hidden, alert, redriven }: Entry, { channel, matchers }: Route): boolean {
  if (redriven !== null) return redriven.letter === letterOf(channel, redriven.origin);
  return hidden === null && isNamed(channelsOf(alert), channel) && matchesAll(matchers, alert);
}

/** The stage by which dead letters of a channel are known. */
export const stageOf = (channel: string): string => `notify-${channel}`;

/** The id of the dead letter that a channel makes of a record at `topic/partition/offset`. */
const letterOf = (channel: string, origin: string): string =>
  derivedId('dead-letter', stageOf(channel), ...origin.split('/'));

const isNamed = (named: readonly string[], channel: string): boolean =>
  named.length === 0 || named.includes(channel);

/** Alerts that are not over and that a channel was told of: for receivers that have to hear of them again and again. */
export function goingOn(
  incidents: readonly Incident[],
  { channel, matchers }: Route,
): readonly NotifiedAlert[] {
  return incidents
    .filter(({ told, channels }) => told && isNamed(channels, channel))
    .filter(({ alert }) => matchesAll(matchers, alert))
    .map(({ alert, id, beganAt }) => toldOf({ alert, incident: id, time: beganAt }, beganAt));
}

/** One notification of entries of one group in the order of the log; `beganAt` knows the beginning of an incident. */
export function notificationOf(entries: readonly Entry[], beganAt: (entry: Entry) => number): Notification {
  const latest = new Map<string, Entry>();
  for (const entry of entries) latest.set(entry.incident, entry);
  const alerts = [...latest.values()].map((entry) => toldOf(entry, beganAt(entry)));
  const firing = alerts.filter(({ state }) => state === 'firing');
  const shown = firing.length > 0 ? firing : alerts;
  const severity = ranks[Math.max(...shown.map((alert) => ranks.indexOf(alert.severity)))] ?? 'info';
  const state = firing.length > 0 ? 'firing' : 'resolved';
  return {
    id: derivedId('notification', ...entries.map(({ alert }) => alert.id)),
    group: groupOfEntry(entries[0]!),
    state,
    severity,
    subject: subjectOf(shown, state, severity),
    alerts,
  };
}

function subjectOf(shown: readonly NotifiedAlert[], state: Alert['state'], severity: string): string {
  const mark = state === 'firing' ? severity.toUpperCase() : 'RESOLVED';
  const more = shown.length > 1 ? ` (and ${shown.length - 1} more)` : '';
  return `[${mark}] ${shown[0]!.summary}${more}`;
}

function toldOf(
  { alert, incident, time }: Pick<Entry, 'alert' | 'incident' | 'time'>,
  startsAt: number,
): NotifiedAlert {
  const { id, rule, severity, state, summary } = alert;
  const evidence = Object.fromEntries(
    Object.entries(alert.evidence).filter(([name]) => name !== 'channels' && !name.startsWith('label.')),
  );
  return {
    id,
    rule,
    severity,
    state,
    summary,
    incident,
    startsAt,
    endsAt: state === 'resolved' ? time : null,
    labels: labelsOf(alert),
    evidence,
  };
}
