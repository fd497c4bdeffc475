// The Alertmanager channel: alerts as Prometheus pushes them (POST /api/v2/alerts). Alertmanager forgets an alert that it
// does not hear again, so those that are not over are sent anew, each time with an end that lies a few rounds ahead.

import type { NotifiedAlert } from '../../schemas/notification.ts';
import type { Channel } from './channel.ts';
import { post } from './http-post.ts';

export interface AlertmanagerOptions {
  /** Address of Alertmanager itself, without `/api`. */
  readonly url: string;
  /** Time between two rounds, in milliseconds. */
  readonly everyMs: number;
  readonly timeoutMs: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Rounds that may fail before Alertmanager takes an alert for over; Prometheus uses four as well. */
const roundsMax = 4;

export function alertmanagerChannel({ url, everyMs, timeoutMs, now }: AlertmanagerOptions): Channel {
  const address = `${url.replace(/\/+$/, '')}/api/v2/alerts`;
  const push = (alerts: readonly NotifiedAlert[], signal: AbortSignal): Promise<void> => {
    const body = JSON.stringify(alerts.map((alert) => postableOf(alert, now() + roundsMax * everyMs)));
    return post({ url: address, body, timeoutMs, signal, channel: 'alertmanager' });
  };
  return {
    name: 'alertmanager',
    send: ({ alerts }, signal) => push(alerts, signal),
    renewal: { everyMs, renew: push },
  };
}

/**
 * One alert as Alertmanager’s API describes it. Labels are its identity, so the severity, which may rise, and the state
 * are no part of them: an incident that escalates would be two alerts, the first of which nobody ends.
 */
export function postableOf(alert: NotifiedAlert, aliveUntil: number) {
  const { rule, severity, summary, incident, startsAt, endsAt, labels, evidence } = alert;
  const [alertname = rule] = rule.split('/');
  const series = rule.slice(alertname.length + 1);
  const own = Object.entries(labels).map(([name, value]) => [labelName(name), value]);
  return {
    labels: {
      ...Object.fromEntries(own),
      alertname,
      ...(series === '' ? {} : { series }),
      service: 'millrace',
    },
    annotations: {
      summary,
      severity,
      incident,
      ...Object.fromEntries(Object.entries(evidence).map(([name, value]) => [labelName(name), value])),
    },
    startsAt: new Date(startsAt).toISOString(),
    endsAt: new Date(endsAt ?? aliveUntil).toISOString(),
  };
}

const labelName = (name: string): string => name.replaceAll(/[^A-Za-z0-9_]/g, '_').replace(/^(?=\d)/, '_');
