// What the drift reports say about each release: the newest of each job and kind of message, followed as they come.
import { type DriftFigure, isPast, type Observation, type Rule } from '../../processors/alerts/rule.ts';
import type { DriftReport } from '../../schemas/drift-report.ts';
import { type Following, follow } from '../following.ts';
import type { Stack } from '../stack.ts';

/** Reports of one job about one release that are kept. */
const reportsMax = 200;
/** A job that has left out so many of its windows has ended. */
const windowsMissed = 3;

type Report = Pick<
  DriftReport,
  'id' | 'job' | 'release' | 'kind' | 'windowStart' | 'windowEnd' | 'summary' | 'verdict' | 'samples'
> & { readonly figures: Readonly<Record<DriftFigure, number | null>> };

export class DriftWatch {
  /** By release, then by job and kind; each list the oldest first. */
  readonly #reports = new Map<string, Map<string, Report[]>>();
  #following: Following | null = null;

  /** Reads the reports that are there; `onReport` is called with each that comes later. */
  static async open(
    stack: Pick<Stack, 'log' | 'wire' | 'logger'>,
    { once = false, onReport = () => {} }: { readonly once?: boolean; readonly onReport?: () => void } = {},
  ): Promise<DriftWatch> {
    const watch = new DriftWatch();
    let isOpen = false;
    const take = (report: DriftReport) => {
      watch.#take(report);
      if (isOpen) onReport();
    };
    watch.#following = await follow(
      stack,
      'drift-reports',
      (message) => take(message as unknown as DriftReport),
      { once },
    );
    isOpen = true;
    return watch;
  }

  /** One observation for each release that was reported on. */
  observe(rule: Rule): readonly Observation[] {
    const ofTask = ([release]: readonly [string, unknown]) =>
      rule.task === null || release.split('@')[0] === rule.task;
    return [...this.#reports].filter(ofTask).map(([release, lists]) => observed(rule, release, lists));
  }

  async close(): Promise<void> {
    await this.#following?.close();
  }

  #take(report: DriftReport): void {
    const { release, job, kind, id } = report;
    const lists = this.#reports.get(release) ?? new Map<string, Report[]>();
    this.#reports.set(release, lists);
    const key = `${job}/${kind ?? ''}`;
    const list = lists.get(key) ?? [];
    lists.set(key, list);
    if (list.some((known) => known.id === id)) return;
    list.push({ ...pick(report), figures: figuresOf(report) });
    list.sort((a, b) => a.windowEnd - b.windowEnd);
    if (list.length > reportsMax) list.shift();
  }
}

const pick = (report: DriftReport) => {
  const { id, job, release, kind, windowStart, windowEnd, summary, verdict, samples } = report;
  return { id, job, release, kind, windowStart, windowEnd, summary, verdict, samples };
};

const figuresOf = (report: DriftReport): Report['figures'] => {
  const { verdict, dataScore, predictionScore, expectedAccuracy, accuracy } = report;
  const drifted = { drifted: 1, stable: 0, 'too-few-samples': null }[verdict];
  return { verdict: drifted, dataScore, predictionScore, expectedAccuracy, accuracy };
};

/** The worst of the newest reports that say anything; an old one counts until its job says something new. */
function observed(rule: Rule, release: string, lists: ReadonlyMap<string, readonly Report[]>): Observation {
  const newest = [...lists.values()].map((list) => list.at(-1)!);
  const latest = Math.max(...newest.map(({ windowEnd }) => windowEnd));
  const isOn = ({ windowStart, windowEnd }: Report): boolean =>
    latest - windowEnd <= windowsMissed * (windowEnd - windowStart);
  const figure = (report: Report): number | null => report.figures[rule.figure];
  const telling = [...lists.values()]
    .filter((list) => isOn(list.at(-1)!))
    .map((list) => list.filter((report) => figure(report) !== null && report.samples >= rule.samplesMin))
    .filter((list) => list.length > 0);
  const sign = rule.comparison === 'above' ? -1 : 1;
  const worst = telling.sort((a, b) => sign * (figure(a.at(-1)!)! - figure(b.at(-1)!)!))[0];
  const report = worst?.at(-1);
  if (!worst || !report) return { series: release, value: null, says: 'no drift report', evidence: {} };
  const value = figure(report)!;
  const says = rule.figure === 'verdict' ? report.summary : `${rule.figure} is ${round(value)}`;
  const lastGood = worst.findLastIndex((each) => !isPast(rule, figure(each)!));
  return {
    series: release,
    value,
    says,
    since: (worst[lastGood + 1] ?? report).windowEnd,
    evidence: {
      driftReport: report.id,
      job: report.job,
      ...(report.kind === null ? {} : { kind: report.kind }),
      windowStart: new Date(report.windowStart).toISOString(),
      windowEnd: new Date(report.windowEnd).toISOString(),
      samples: String(report.samples),
    },
  };
}

const round = (value: number): number => Math.round(value * 10_000) / 10_000;
