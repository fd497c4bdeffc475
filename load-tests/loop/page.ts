// The loop as a page: accuracy with and without it, the timeline, what was promised and seen.
import { lineChart } from '../../trainers/report/chart.ts';
import { dataTable, facts, figure, htmlPage } from '../../trainers/report/page.ts';
import type { PeriodAccuracy } from './accuracy.ts';
import type { Entry } from './story.ts';
import type { Kept } from './verdict.ts';

export interface Played {
  readonly title: string;
  readonly doc: string;
  readonly accuracy: readonly PeriodAccuracy[];
  readonly timeline: readonly Entry[];
  readonly verdict: readonly Kept[];
  readonly seconds: number;
}

const steps = ['drifted', 'candidate-trained', 'promoted', 'rolled-back'];

/** One self-contained HTML page. */
export function pageOf({ title, doc, accuracy, timeline, verdict, seconds }: Played): string {
  const low = Math.min(...accuracy.flatMap(({ withLoop, withoutLoop }) => [withLoop, withoutLoop]));
  const marks = timeline.filter(({ what }) => steps.includes(what));
  const chart = lineChart({
    title: 'Accuracy over time',
    x: { name: 'period' },
    y: { name: 'accuracy', min: Math.floor(low * 10) / 10, max: 1 },
    series: [
      {
        name: 'with the loop',
        points: accuracy.map(({ period, withLoop }) => [period, withLoop]),
        marked: true,
      },
      {
        name: 'without',
        points: accuracy.map(({ period, withoutLoop }) => [period, withoutLoop]),
        dashed: true,
      },
      ...steps
        .filter((step) => marks.some(({ what }) => what === step))
        .map((step) => ({
          name: step,
          marked: true,
          points: marks
            .filter(({ what }) => what === step)
            .map(({ period }) => [period, low - 0.02] as const),
        })),
    ],
  });
  return htmlPage({
    title,
    subtitle: doc,
    sections: [
      {
        title: 'Accuracy',
        body: [
          facts([
            ['periods', String(accuracy.length)],
            ['messages', accuracy.reduce((sum, { messages }) => sum + messages, 0).toLocaleString('en-US')],
            ['played in', `${Math.round(seconds)} s`],
          ]),
          figure(
            chart,
            'Share of right answers in each period: as served, and as the first champion would have answered. Marks at the bottom are decisions.',
          ),
        ],
      },
      {
        title: 'Timeline',
        body: [
          dataTable(
            ['s', 'period', 'when', 'what', 'release', 'why'],
            timeline.map((entry) => [
              Math.round(entry.seconds),
              entry.period,
              entry.when,
              entry.what,
              entry.release,
              entry.says,
            ]),
          ),
        ],
      },
      {
        title: 'Promises',
        body: [
          dataTable(
            ['promise', 'kept', 'seen'],
            verdict.map(({ promise, kept, seen }) => [promise, kept ? 'yes' : 'no', seen]),
          ),
        ],
      },
      {
        title: 'Periods',
        body: [
          dataTable(
            ['period', 'when', 'messages', 'with the loop', 'without', 'served by'],
            accuracy.map((each) => [
              each.period,
              each.when,
              each.messages,
              each.withLoop,
              each.withoutLoop,
              Object.entries(each.served)
                .map(([release, messages]) => `${release} ${messages}`)
                .join(', '),
            ]),
          ),
        ],
      },
    ],
  });
}
