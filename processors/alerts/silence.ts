// Silences: alerts that nobody is told of for a while. One is a message of the topic `alerts` itself, so that every
// process sees it at the same place between the alerts, in every mode, after every restart, and it stands in the table.
import type { Alert } from '../../schemas/alert.ts';
import { derivedId, derivedTraceparent } from '../../schemas/identity.ts';
import { type Matcher, printMatcher, readMatcher } from './matcher.ts';

export interface Silence {
  readonly id: string;
  readonly matchers: readonly Matcher[];
  /** From and to which instant, ms since 1970. */
  readonly from: number;
  readonly to: number;
  readonly by: string;
  readonly reason: string;
}

const prefix = 'silence/';

/** Whether a message is about a silence and no alert itself. */
export const isSilenceNotice = ({ rule }: Pick<Alert, 'rule'>): boolean => rule.startsWith(prefix);

/** A name for a silence: the same for the same words at the same instant. */
export const silenceId = (silence: Omit<Silence, 'id'>): string =>
  derivedId(
    'silence',
    silence.by,
    String(silence.from),
    String(silence.to),
    ...silence.matchers.map(printMatcher),
  ).slice(0, 8);

/** The message that begins a silence, or lifts it before its end. */
export function silenceNotice(silence: Silence, state: Alert['state'], now: number): Alert {
  const { id, matchers, from, to, by, reason } = silence;
  const what = matchers.map(printMatcher).join(' ');
  return {
    id: derivedId('silence', id, state),
    tenant: 'default',
    eventTime: now,
    ingestTime: now,
    source: 'people',
    traceparent: derivedTraceparent(derivedId('silence', id)),
    rule: prefix + id,
    severity: 'info',
    state,
    summary: state === 'firing' ? `${by} silences ${what}: ${reason}` : `${by} lifts the silence of ${what}`,
    group: null,
    evidence: {
      matchers: JSON.stringify(matchers.map(printMatcher)),
      from: new Date(from).toISOString(),
      to: new Date(to).toISOString(),
      by,
      reason,
    },
  };
}

/** The silence that a message speaks of; null where it is none that can be read. */
export function silenceOf({ rule, evidence }: Alert): Silence | null {
  const matchers = matchersIn(evidence.matchers ?? '');
  const from = Date.parse(evidence.from ?? '');
  const to = Date.parse(evidence.to ?? '');
  if (matchers === null || Number.isNaN(from) || Number.isNaN(to)) return null;
  const { by = 'unknown', reason = '' } = evidence;
  return { id: rule.slice(prefix.length), matchers, from, to, by, reason };
}

function matchersIn(text: string): readonly Matcher[] | null {
  try {
    const written: unknown = JSON.parse(text);
    if (!Array.isArray(written) || written.length === 0) return null;
    const matchers = written.map((each) => readMatcher(String(each)));
    return matchers.every((each) => typeof each !== 'string') ? matchers : null;
  } catch {
    return null;
  }
}
