// Real time-stamped streams: a baseline of their first messages against the windows that follow.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Engine } from '../../processors/inference/engine.ts';
import { answerTexts, binned, countsOf, type Feature, featuresOfRows, readLines } from './rows.ts';
import { type Rule, windowOf } from './rules.ts';

const streams = {
  'tweets 2011–2016': { folder: 'semeval_twitter_2011_2017', window: 1_000, baseline: 6_000 },
  'airline tweets 2015': { folder: 'twitter_airline_2015', window: 1_000, baseline: 4_000 },
  'YouTube comments 2013–2015': { folder: 'youtube_spam_2013_2015', window: 250, baseline: 700 },
  'Alexa reviews 2018': { folder: 'amazon_alexa_2018', window: 250, baseline: 1_000 },
} as const;

export interface StreamAlarms {
  readonly stream: string;
  readonly rule: string;
  readonly baseline: number;
  readonly window: number;
  readonly windows: number;
  readonly alarms: number;
  /** Messages from the end of the baseline to the end of the first window that alarms; null without any. */
  readonly messages: number | null;
  /** Time of the last message of that window. */
  readonly firstAt: string | null;
}

/** Every stream that lies in `data`, under every rule; `rulesOf` gives fresh rules, since thresholds are kept. */
export async function measureStreams(
  engine: Engine,
  data: string,
  like: readonly Feature[],
  rulesOf: () => Readonly<Record<string, Rule>>,
): Promise<readonly StreamAlarms[]> {
  const measured: StreamAlarms[] = [];
  for (const [stream, { folder, window, baseline }] of Object.entries(streams)) {
    const path = join(data, folder, 'stream.jsonl.gz');
    if (!existsSync(path)) continue;
    process.stderr.write(`${stream}…\n`);
    const lines = readLines(path)
      .filter(({ text }) => text!.trim() !== '')
      .sort((a, b) => (a.ts! < b.ts! ? -1 : a.ts! > b.ts! ? 1 : 0));
    const rows = await answerTexts(
      engine,
      lines.map(({ text }) => text!),
    );
    const features = featuresOfRows(rows.slice(0, baseline), like);
    const all = rows.map((row) => binned(row, features));
    const expected = countsOf(all.slice(0, baseline), features);
    const windows: { readonly end: number; readonly counts: ReturnType<typeof windowOf> }[] = [];
    for (let end = baseline + window; end <= all.length; end += window) {
      const actual = countsOf(all.slice(end - window, end), features);
      windows.push({ end, counts: windowOf(features, expected, actual) });
    }
    for (const [rule, alarmed] of Object.entries(rulesOf())) {
      const alarms = windows.filter(({ counts }) => alarmed(counts));
      const [first] = alarms;
      measured.push({
        ...{ stream, rule, baseline, window, windows: windows.length, alarms: alarms.length },
        messages: first === undefined ? null : first.end - baseline,
        firstAt: first === undefined ? null : lines[first.end - 1]!.ts!.slice(0, 10),
      });
    }
  }
  return measured;
}
