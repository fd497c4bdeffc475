// Trials of the rules: false alarms on messages of one world, delays until the first alarm in a moved one.
import { type Binned, countsOf, type Feature } from './rows.ts';
import { type Rule, windowOf } from './rules.ts';

type Rules = Readonly<Record<string, Rule>>;

const baselineMessages = 6_000;

/** The first `count` items become a random choice of all; the others stay behind them. */
export function choose<T>(items: T[], count: number, random: () => number): void {
  for (let place = 0; place < count; place++) {
    const other = place + Math.floor(random() * (items.length - place));
    [items[place], items[other]] = [items[other]!, items[place]!];
  }
}

export interface FalseAlarms {
  readonly rule: string;
  readonly window: number;
  readonly trials: number;
  readonly alarms: number;
  readonly rate: number;
}

/** Baseline and window are two parts of one random choice of rows: whatever alarms is a false alarm. */
export function falseAlarms(
  rows: readonly Binned[],
  features: readonly Feature[],
  rules: Rules,
  {
    window,
    trials,
    random,
  }: { readonly window: number; readonly trials: number; readonly random: () => number },
): readonly FalseAlarms[] {
  const pool = [...rows];
  const alarms = new Map(Object.keys(rules).map((rule) => [rule, 0]));
  for (let trial = 0; trial < trials; trial++) {
    choose(pool, baselineMessages + window, random);
    const expected = countsOf(pool.slice(0, baselineMessages), features);
    const actual = countsOf(pool.slice(baselineMessages, baselineMessages + window), features);
    const counts = windowOf(features, expected, actual);
    for (const [rule, alarmed] of Object.entries(rules)) {
      if (alarmed(counts)) alarms.set(rule, alarms.get(rule)! + 1);
    }
  }
  return [...alarms].map(([rule, count]) => ({ rule, window, trials, alarms: count, rate: count / trials }));
}

export interface Course {
  readonly window: number;
  /** Share of the messages that come from the moved world in the end. */
  readonly strength: number;
  /** Messages over which that share grows from nothing; 0 is sudden. */
  readonly ramp: number;
  readonly windowsMax: number;
  readonly runs: number;
  readonly random: () => number;
}

export interface Delay {
  readonly rule: string;
  readonly drift: string;
  readonly course: 'sudden' | 'gradual';
  readonly strength: number;
  readonly window: number;
  /** Share of the runs with an alarm in the windows that were looked at. */
  readonly detected: number;
  /** Median of messages from the change to the end of the first window that alarms; null below half. */
  readonly messages: number | null;
  readonly windows: number | null;
}

/**
 * Streams whose world moves at a random place of the first tumbling window; each rule is followed until it alarms.
 * Messages are drawn with replacement from the rows that the baseline did not take.
 */
export function delays(
  drift: string,
  [stable, moved]: readonly [readonly Binned[], readonly Binned[]],
  features: readonly Feature[],
  rules: Rules,
  course: Course,
): readonly Delay[] {
  const { window, random, runs, windowsMax, ramp } = course;
  const pool = [...stable];
  const found = new Map<string, number[]>(Object.keys(rules).map((rule) => [rule, []]));
  const windowsFound = new Map<string, number[]>(Object.keys(rules).map((rule) => [rule, []]));
  for (let run = 0; run < runs; run++) {
    choose(pool, baselineMessages, random);
    const expected = countsOf(pool.slice(0, baselineMessages), features);
    const change = Math.floor(random() * window);
    const waiting = new Set(Object.keys(rules));
    for (let number = 0; number < windowsMax && waiting.size > 0; number++) {
      const actual = countsOf(drawWindow(pool, moved, number * window - change, course), features);
      const counts = windowOf(features, padded(expected, actual), actual);
      for (const rule of waiting) {
        if (!rules[rule]!(counts)) continue;
        waiting.delete(rule);
        found.get(rule)!.push((number + 1) * window - change);
        windowsFound.get(rule)!.push(number + 1);
      }
    }
  }
  return [...found].map(([rule, messages]) => ({
    rule,
    drift,
    course: ramp === 0 ? 'sudden' : 'gradual',
    strength: course.strength,
    window,
    detected: messages.length / runs,
    messages: medianOf(messages, runs),
    windows: medianOf(windowsFound.get(rule)!, runs),
  }));
}

/** One window that begins `since` messages after the change. */
function* drawWindow(
  pool: readonly Binned[],
  moved: readonly Binned[],
  since: number,
  { window, strength, ramp, random }: Course,
): Generator<Binned> {
  const undrifted = pool.length - baselineMessages;
  for (let place = 0; place < window; place++) {
    const age = since + place;
    const share = age < 0 ? 0 : strength * (ramp === 0 ? 1 : Math.min(1, age / ramp));
    yield random() < share
      ? moved[Math.floor(random() * moved.length)]!
      : pool[baselineMessages + Math.floor(random() * undrifted)]!;
  }
}

/** Values that came up after the baseline was counted. */
const padded = (expected: readonly number[][], actual: readonly number[][]): readonly number[][] =>
  expected.map((counts, feature) => actual[feature]!.map((_, bin) => counts[bin] ?? 0));

/** Runs without an alarm count as endless. */
function medianOf(values: readonly number[], runs: number): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((runs - 1) / 2)] ?? null;
}
