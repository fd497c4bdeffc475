// Tells people what stopped or stalled: messages to the topic `alerts`, once for each incident.

import type { Alert } from '../schemas/alert.ts';
import { Misconfigured } from '../schemas/errors.ts';
import { derivedId, derivedTraceparent } from '../schemas/identity.ts';
import { AlertBook, publishAlerts } from './alerts/book.ts';
import { newest } from './following.ts';
import { TooManyInvalid } from './loop/breaker.ts';
import { within } from './loop/patience.ts';
import type { Stack } from './stack.ts';

/** An alert that is not out by then is only logged: a process that stops must not wait for a log that is down. */
const publishMs = 10_000;

/** A stream that has run for so long since its start goes on, in milliseconds. */
const runningMs = 60_000;

/** Alerts that are looked through for the same incident. */
const recentMax = 1_000;

/** An incident, before it is a message. Equal rules and incidents are one alert. */
export interface Incident extends Pick<Alert, 'rule' | 'severity' | 'state' | 'summary' | 'evidence'> {
  /** What tells this incident from others of its rule: a place, a window. The same after a restart. */
  readonly incident: string;
}

/** What a stopped stream is told of with; null where the log line and the exit code say it. */
export function incidentOfStop(stream: string, error: unknown): Incident | null {
  if (error instanceof TooManyInvalid) {
    const { topic = '', partition = 0, offset = 0 } = error.place ?? {};
    return {
      rule: `breaker/${stream}`,
      severity: 'critical',
      state: 'firing',
      summary: error.message,
      evidence: { stream, code: error.code, topic, partition: String(partition), offset: String(offset) },
      incident: `${topic}/${partition}@${offset}`,
    };
  }
  if (error instanceof Misconfigured)
    return {
      rule: `stopped/${stream}`,
      severity: 'critical',
      state: 'firing',
      summary: `${error.message}. ${error.fix}`,
      evidence: { stream, code: error.code },
      incident: error.message,
    };
  return null;
}

/** Publishes an alert unless it is there already. Never throws: what cannot be published is logged. */
export async function raise(stack: Stack, incident: Incident): Promise<void> {
  try {
    await within(publishOnce(stack, incident), publishMs);
  } catch (error) {
    stack.logger.error({ err: error, alert: incident }, 'an alert could not be published');
  }
}

/** Ends the alert of a rule, if it fires. Never throws: what cannot be published is logged. */
export function resolve(stack: Stack, rule: string, summary: string): Promise<void> {
  return resolveAll(stack, new Map([[rule, summary]]));
}

/**
 * Ends what people were told of streams that stopped, once those have run for `provenMs`: one that stops again at every
 * start is one incident, and none that ends. What is returned waits for it no longer.
 */
export function resolveRunning(
  stack: Stack,
  streams: readonly string[],
  provenMs = runningMs,
): () => Promise<void> {
  const ends = streams.flatMap((stream) =>
    ['breaker', 'stopped'].map((kind) => [`${kind}/${stream}`, `stream ${stream} runs again`] as const),
  );
  let resolving: Promise<void> = Promise.resolve();
  const timer = setTimeout(() => {
    resolving = resolveAll(stack, new Map(ends));
  }, provenMs);
  return async () => {
    clearTimeout(timer);
    await resolving;
  };
}

/** Ends the alerts of rules that fire, each with its summary. */
async function resolveAll(stack: Stack, summaries: ReadonlyMap<string, string>): Promise<void> {
  const publish = async (): Promise<void> => {
    const book = await AlertBook.open(stack, { once: true });
    const time = stack.now();
    const ends = book.history.firing.flatMap(({ rule, id, alert }): readonly Alert[] => {
      const summary = summaries.get(rule);
      if (summary === undefined) return [];
      const said = {
        state: 'resolved',
        summary,
        source: 'watchdog',
        eventTime: time,
        ingestTime: time,
      } as const;
      return [{ ...alert, ...said, id: derivedId('alert', rule, id, 'over') }];
    });
    await publishAlerts(stack, ends);
  };
  try {
    await within(publish(), publishMs);
  } catch (error) {
    const rules = [...summaries.keys()];
    stack.logger.error({ err: error, rules }, 'the end of an alert could not be published');
  }
}

async function publishOnce(stack: Stack, { incident, ...said }: Incident): Promise<void> {
  let parts = ['alert', said.rule, incident];
  let latest: Alert['state'] | null = null;
  for (const alert of await recentOf(stack, said.rule)) {
    if (alert.traceparent !== traceOf(parts)) continue;
    latest = alert.state;
    // What comes back after its end is another incident, or nobody would be told of it.
    if (latest === 'resolved') parts = ['alert', said.rule, incident, alert.id];
  }
  if (latest === said.state) return;
  const time = stack.now();
  const alert: Alert = {
    id: derivedId(...parts, said.state),
    tenant: 'default',
    eventTime: time,
    ingestTime: time,
    source: 'watchdog',
    traceparent: traceOf(parts),
    group: null,
    ...said,
  };
  await publishAlerts(stack, [alert]);
}

/** The beginning and the end of an incident carry one trace. */
const traceOf = (parts: readonly string[]): string => derivedTraceparent(derivedId(...parts));

/** A process that is started again over the same incident must not tell of it at every start. */
async function recentOf(stack: Stack, rule: string): Promise<readonly Alert[]> {
  const known = await newest(stack, 'alerts', recentMax);
  // What `alerts` decodes to is an alert: the topic’s fields were checked.
  return known.filter((alert) => alert.rule === rule) as unknown as readonly Alert[];
}
