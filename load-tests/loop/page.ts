// The loop as a page: accuracy with and without it, the timeline, what was promised and seen.
import { lineChart } from '../../trainers/report/chart.ts';
import { dataTable, facts, figure, htmlPage, type PageSection } from '../../trainers/report/page.ts';
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
export function pageOf(played: Played): string {
  return htmlPage({
    title: played.title,
    subtitle: played.doc,
    sections: [
      accuracySection(played),
      timelineSection(played),
      verdictSection(played),
      periodsSection(played),
    ],
  });
}

function accuracySection({ accuracy, timeline, seconds }: Played): PageSection {
  const messages = accuracy.reduce((sum, each) => sum + each.messages, 0).toLocaleString('en-US');
  return {
    title: 'Accuracy',
    body: [
      facts([
        ['periods', String(accuracy.length)],
        ['messages', messages],
        ['played in', `${Math.round(seconds)} s`],
      ]),
      figure(
        chartOf(accuracy, timeline),
        'Share of right answers in each period: as served, and as the first champion would have answered. Marks at the bottom are decisions.',
      ),
    ],
  };
}

function chartOf(accuracy: Played['accuracy'], timeline: Played['timeline']) {
  const low = Math.min(...accuracy.flatMap(({ withLoop, withoutLoop }) => [withLoop, withoutLoop]));
  const marked = steps
    .map((step) => ({
      step,
      periods: timeline.filter(({ what }) => what === step).map(({ period }) => period),
    }))
    .filter(({ periods }) => periods.length > 0);
  return lineChart({
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
      ...marked.map(({ step, periods }) => ({
        name: step,
        marked: true,
        points: periods.map((period) => [period, low - 0.02] as const),
      })),
    ],
  });
}

const timelineSection = ({ timeline }: Played): PageSection => ({
  title: 'Timeline',
  body: [
    dataTable(
      ['s', 'period', 'when', 'what', 'release', 'why'],
      timeline.map(({ seconds, period, when, what, release, says }) => [
        Math.round(seconds),
        period,
        when,
        what,
        release,
        says,
      ]),
    ),
  ],
});

const verdictSection = ({ verdict }: Played): PageSection => ({
  title: 'Promises',
  body: [
    dataTable(
      ['promise', 'kept', 'seen'],
      verdict.map(({ promise, kept, seen }) => [promise, kept ? 'yes' : 'no', seen]),
    ),
  ],
});

const periodsSection = ({ accuracy }: Played): PageSection => ({
  title: 'Periods',
  body: [
    dataTable(
      ['period', 'when', 'messages', 'with the loop', 'without', 'served by'],
      accuracy.map(({ period, when, messages, withLoop, withoutLoop, served }) => [
        period,
        when,
        messages,
        withLoop,
        withoutLoop,
        Object.entries(served)
          .map(([release, count]) => `${release} ${count}`)
          .join(', '),
      ]),
    ),
  ],
});
