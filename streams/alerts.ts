// Tells people what stopped or stalled: messages to the topic `alerts`, once for each incident.

import { Refusal } from '../connectors/wire/refusal.ts';
import type { Alert } from '../schemas/alert.ts';
import { Misconfigured } from '../schemas/errors.ts';
import { derivedId, derivedTraceparent } from '../schemas/identity.ts';
import { TooManyInvalid } from './loop/breaker.ts';
import { within } from './loop/patience.ts';
import type { Stack } from './stack.ts';

/** An alert that is not out by then is only logged: a process that stops must not wait for a log that is down. */
const publishMs = 10_000;

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

async function publishOnce({ log, wire, now }: Stack, { incident, ...said }: Incident): Promise<void> {
  const id = derivedId('alert', said.rule, incident, said.state);
  if (await isRecent({ log, wire }, id)) return;
  const time = now();
  const alert: Alert = {
    id,
    tenant: 'default',
    eventTime: time,
    ingestTime: time,
    source: 'watchdog',
    // The beginning and the end of an incident carry one trace.
    traceparent: derivedTraceparent(derivedId('alert', said.rule, incident)),
    group: null,
    ...said,
  };
  await log.publish([{ topic: 'alerts', records: wire.encode('alerts', [alert], time) }]);
}

/** A process that is started again over the same incident must not tell of it at every start. */
async function isRecent({ log, wire }: Pick<Stack, 'log' | 'wire'>, id: string): Promise<boolean> {
  const ranges = (await log.ranges(['alerts'])).filter(({ start, end }) => end > start);
  if (ranges.length === 0) return false;
  const from = new Map(
    ranges.map(({ partition, start, end }) => [partition, Math.max(start, end - recentMax)]),
  );
  const to = new Map(ranges.map(({ partition, end }) => [partition, end]));
  for await (const { partition, records } of log.read('alerts', { from, to })) {
    await wire.prepare('alerts', records);
    for (const record of records) {
      const known = wire.decode('alerts', partition, record);
      if (!(known instanceof Refusal) && known.id === id) return true;
    }
  }
  return false;
}
