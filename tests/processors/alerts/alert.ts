// Alerts for tests, all of them said at one instant.
import type { Alert } from '../../../schemas/alert.ts';
import { derivedId, derivedTraceparent } from '../../../schemas/identity.ts';

export const start = Date.UTC(2026, 2, 1, 12);

/** An alert of an incident, as `raise` and the rules make them. */
export function alertOf(
  rule: string,
  incident: string,
  more: Partial<Alert> & { step?: string } = {},
): Alert {
  const { step = '', ...rest } = more;
  const state = rest.state ?? 'firing';
  return {
    id: derivedId('alert', rule, incident, state, step),
    tenant: 'default',
    eventTime: start,
    ingestTime: start,
    source: 'test',
    traceparent: derivedTraceparent(derivedId('alert', rule, incident)),
    rule,
    severity: 'warning',
    state,
    summary: `${rule} ${incident} ${state}`,
    group: null,
    evidence: {},
    ...rest,
  };
}
