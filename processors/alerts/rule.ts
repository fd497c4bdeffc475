// Alert rules as values: what is watched, from which value on it is told of, how urgent that is and becomes.
import type { Alert } from '../../schemas/alert.ts';

export const signals = [
  'drift',
  'accuracy',
  'error-rate',
  'latency',
  'lag',
  'data-quality',
  'cost',
  'sql',
] as const;
export type Signal = (typeof signals)[number];

export type Severity = Alert['severity'];

/** What a drift rule looks at of a drift report. */
export const driftFigures = [
  'verdict',
  'dataScore',
  'predictionScore',
  'expectedAccuracy',
  'accuracy',
] as const;
export type DriftFigure = (typeof driftFigures)[number];

/** A later, more urgent word on an alert that is not over. */
export interface Escalation {
  /** After its beginning, in milliseconds. */
  readonly afterMs: number;
  readonly severity: Severity;
  /** Channels that are told from here on, besides those told before. Empty: no further ones. */
  readonly channels: readonly string[];
}

export interface Rule {
  readonly name: string;
  readonly signal: Signal;
  /** Fires above (or below) the threshold, not at it. */
  readonly comparison: 'above' | 'below';
  readonly threshold: number;
  /** How long the signal has to be past the threshold before it fires, in milliseconds. */
  readonly forMs: number;
  /** Span that the signal is computed over, in milliseconds. */
  readonly windowMs: number;
  /** Fewer samples than this are no data. */
  readonly samplesMin: number;
  readonly severity: Severity;
  /** What its alerts are told together with; null: the task of a release, else the rule. */
  readonly group: string | null;
  readonly labels: Readonly<Record<string, string>>;
  /** Channels that are told; empty: all. */
  readonly channels: readonly string[];
  /** What no data means: as before, all is well, or as bad as past the threshold. */
  readonly noData: 'keep' | 'ok' | 'alert';
  readonly escalations: readonly Escalation[];
  /** Of which task; null: of all. */
  readonly task: string | null;
  /** For drift: the figure of the report. */
  readonly figure: DriftFigure;
  /** For sql: the statement. */
  readonly sql: string | null;
  /** For cost: price of 1,000 messages; null: seconds of inference are counted instead. */
  readonly price: number | null;
}

/** A signal of one subject at one instant. */
export interface Observation {
  /** What tells it from others of the rule: a release, a group of consumers; empty where there is one. */
  readonly series: string;
  /** Null where there is no data. */
  readonly value: number | null;
  /** In words, with its unit. */
  readonly says: string;
  readonly evidence: Readonly<Record<string, string>>;
  /** Since when it has been past the threshold, where the source knows that, ms since 1970. */
  readonly since?: number;
  /** True for what is no longer there to be watched: an alert of it is over. */
  readonly isGone?: boolean;
}

/** The name that alerts of a rule carry. */
export const alertName = ({ name }: Pick<Rule, 'name'>, series: string): string =>
  series === '' ? name : `${name}/${series}`;

/** Whether a value is past the rule’s threshold. */
export const isPast = ({ comparison, threshold }: Rule, value: number): boolean =>
  comparison === 'above' ? value > threshold : value < threshold;
