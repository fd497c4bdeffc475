// What the topic `alerts` says, folded message by message: which incidents are open, what is silenced, and whether each
// message is to be told. Whoever reads the topic from the start comes to the same answers, whatever process asks.
import type { Alert } from '../../schemas/alert.ts';
import { matchesAll } from './matcher.ts';
import { isSilenceNotice, type Silence, silenceOf } from './silence.ts';

/** One thing that went wrong, from its first message to its last. */
export interface Incident {
  readonly id: string;
  readonly rule: string;
  /** Its latest word. */
  alert: Alert;
  /** Ids of the messages about it. */
  readonly steps: Set<string>;
  /** Times of the log, ms since 1970. */
  readonly beganAt: number;
  /** When its latest message came. */
  lastAt: number;
  endedAt: number | null;
  /** Whether any of its messages was told; its end is told then too. */
  told: boolean;
  /** Channels named so far; empty: all. */
  channels: readonly string[];
}

/** A message of the topic with what became of it. */
export interface Entry {
  readonly offset: number;
  /** When the log took it, ms since 1970. */
  readonly time: number;
  readonly alert: Alert;
  readonly incident: string;
  /** Why nobody is told of it; null where people are told. */
  readonly hidden: string | null;
  /** Of a record that was put back from the dead letters: which letter, and where it stood before. */
  readonly redriven: Redriven | null;
}

export interface Redriven {
  readonly letter: string;
  readonly origin: string;
}

/** Where a message stands in the log, and how it came there. */
export interface Standing {
  readonly offset: number;
  /** When the log took it, ms since 1970. */
  readonly time: number;
  readonly redriven?: Redriven | null;
}

/** The identity that all messages of an incident share: their trace. */
const incidentOf = ({ traceparent }: Pick<Alert, 'traceparent'>): string => traceparent.slice(3, 35);

/** The channels an alert names; empty: all. */
export const channelsOf = ({ evidence }: Pick<Alert, 'evidence'>): readonly string[] =>
  (evidence.channels ?? '').split(',').filter((name) => name !== '');

export class History {
  readonly #incidents = new Map<string, Incident>();
  readonly #silences = new Map<string, Silence>();
  /** Ids of messages, and of incidents that are over, with the time of the log that each was last known at. */
  readonly #seen = new Map<string, number>();
  readonly #over = new Map<string, number>();
  readonly #rememberedMs: number;

  /** What is older than `rememberedMs` before the newest message is forgotten, but for each rule’s latest incident. */
  constructor({ rememberedMs = Number.POSITIVE_INFINITY }: { readonly rememberedMs?: number } = {}) {
    this.#rememberedMs = rememberedMs;
  }

  /** Messages and incidents that are remembered besides each rule’s latest incident. */
  get size(): number {
    return this.#seen.size + this.#over.size + this.#silences.size;
  }

  /** The latest incident of a rule, over or not. */
  incident(rule: string): Incident | undefined {
    return this.#incidents.get(rule);
  }

  /** Incidents that are not over, the oldest first. */
  get firing(): readonly Incident[] {
    return this.latest.filter(({ endedAt }) => endedAt === null);
  }

  /** The latest incident of every rule, the oldest first. */
  get latest(): readonly Incident[] {
    return [...this.#incidents.values()].sort((a, b) => a.beganAt - b.beganAt);
  }

  get silences(): readonly Silence[] {
    return [...this.#silences.values()];
  }

  /** Takes the next message of the topic; `time` is when the log took it, ms since 1970. */
  take(alert: Alert, { offset, time, redriven = null }: Standing): Entry {
    const incident = incidentOf(alert);
    const entry = (hidden: string | null): Entry => ({ offset, time, alert, incident, hidden, redriven });
    // A record that was put back changes nothing; it is for the channel that refused it.
    if (redriven) return entry(null);
    this.#forget(time - this.#rememberedMs);
    if (this.#seen.has(alert.id)) return entry('repeated');
    this.#seen.set(alert.id, time);
    if (isSilenceNotice(alert)) {
      this.#silence(alert, time);
      return entry('a silence');
    }
    return entry(alert.state === 'firing' ? this.#fires(alert, time) : this.#ends(alert, time));
  }

  /** The log holds nothing any more that could repeat what is so old. */
  #forget(before: number): void {
    for (const known of [this.#seen, this.#over])
      for (const [id, time] of known) {
        if (time >= before) break;
        known.delete(id);
      }
    for (const { id, to } of this.silences) if (to < before) this.#silences.delete(id);
  }

  #silence(alert: Alert, time: number): void {
    const silence = silenceOf(alert);
    const known = silence && this.#silences.get(silence.id);
    if (silence && alert.state === 'firing' && !known) this.#silences.set(silence.id, silence);
    if (known && alert.state === 'resolved')
      this.#silences.set(known.id, { ...known, to: Math.min(known.to, time) });
  }

  #fires(alert: Alert, time: number): string | null {
    const id = incidentOf(alert);
    if (this.#over.has(id)) return 'over already';
    const known = this.#incidents.get(alert.rule);
    const hidden = this.hiddenBy(alert, time)?.reason ?? null;
    const told = hidden === null;
    const channels = channelsOf(alert);
    if (known?.id === id) {
      known.steps.add(alert.id);
      known.channels =
        known.channels.length === 0 || channels.length === 0
          ? []
          : [...new Set([...known.channels, ...channels])];
      Object.assign(known, { alert, lastAt: time, told: known.told || told });
      return hidden;
    }
    // Another incident of the rule has begun: the one before is over without a word.
    if (known) this.#over.set(known.id, time);
    this.#incidents.set(alert.rule, {
      id,
      rule: alert.rule,
      alert,
      steps: new Set([alert.id]),
      beganAt: time,
      lastAt: time,
      endedAt: null,
      told,
      channels,
    });
    return hidden;
  }

  #ends(alert: Alert, time: number): string | null {
    const known = this.#incidents.get(alert.rule);
    if (known?.id !== incidentOf(alert) || known.endedAt !== null) return 'over already';
    known.endedAt = time;
    known.lastAt = time;
    known.steps.add(alert.id);
    known.alert = { ...alert, severity: known.alert.severity };
    this.#over.set(known.id, time);
    // Who was told of the beginning is told of the end, silenced or not.
    return known.told ? null : 'never told of';
  }

  /** What hides an alert at an instant: a silence, or a critical alert of its group. */
  hiddenBy(alert: Alert, at: number): { readonly by: string; readonly reason: string } | null {
    const silence = this.silences.find(
      ({ matchers, from, to }) => from <= at && at < to && matchesAll(matchers, alert),
    );
    if (silence) return { by: silence.id, reason: `silenced by ${silence.by}: ${silence.reason}` };
    const critical = this.firing.find((other) => suppresses(other.alert, alert));
    if (critical) return { by: critical.id, reason: `${critical.rule} is critical` };
    return null;
  }

  /** The id of what hid an incident’s latest word and does so no longer; null where it was told, or is hidden still. */
  hiddenUntil(incident: Incident, at: number): string | null {
    const { alert, lastAt } = incident;
    if (this.hiddenBy(alert, at)) return null;
    const silence = this.silences.find(
      ({ matchers, from, to }) => from <= lastAt && lastAt < to && matchesAll(matchers, alert),
    );
    if (silence) return silence.id;
    const critical = this.latest.find(
      (other) =>
        other.beganAt <= lastAt &&
        (other.endedAt ?? lastAt) > lastAt &&
        suppresses({ ...other.alert, state: 'firing' }, alert),
    );
    return critical?.id ?? null;
  }
}

/** A critical alert speaks for the others of its group. */
const suppresses = (critical: Alert, alert: Alert): boolean =>
  critical.state === 'firing' &&
  critical.severity === 'critical' &&
  alert.severity !== 'critical' &&
  alert.group !== null &&
  critical.group === alert.group &&
  critical.rule !== alert.rule;
