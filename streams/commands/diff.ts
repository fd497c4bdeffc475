// `millrace diff`: how two releases of a task differ on stored traffic. What they differ in as files: `models diff`.
import type { Engine } from '../../processors/inference/engine.ts';
import { resultOf } from '../../processors/inference/inference.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import { openEngine } from '../models.ts';
import { Difference, type DifferenceFigures } from '../replay/difference.ts';
import { printOf, taskOf } from '../replay/releases.ts';
import { kindOf, readTraffic, type Traffic } from '../replay/traffic.ts';
import { fromOption, toOption, type WindowOptions, windowOf } from '../replay/window.ts';
import { bar, count, table } from '../terminal.ts';
import { type CommandContext, type Define, exitCodes, jsonLine, whereOpen } from './command.ts';
import { numberBetween, progressLine } from './data-places.ts';

interface DiffOptions extends WindowOptions {
  readonly topic: string;
  readonly models: string;
  readonly limit: number;
  readonly text: boolean;
  readonly json?: boolean;
}

const languageTask = 'language';
const undetermined = 'und';
const shownSlices = 12;
const shownFlips = 20;

export const diff: Define = (program, context, action) => {
  program
    .command('diff')
    .description('how two releases of a task differ on stored traffic: flips, confidence, slices, messages')
    .requiredOption('--models <a,b>', 'two releases of one task, such as toxicity@1.0.0,toxicity@2.0.0')
    .requiredOption('--topic <topic>', 'comments or prompts')
    .addOption(fromOption())
    .addOption(toOption())
    .option(
      '-n, --limit <count>',
      'messages to print that they differ most about',
      numberBetween(0, 1_000, true),
      10,
    )
    .option('--no-text', 'leave the texts of messages out')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Both releases read the same window; nothing is written. Differences of confidence are b less a. The language of a message
is what the serving language release says. \`millrace models diff\` tells what the releases themselves differ in.

Examples:
  millrace diff --topic comments --from -1d --models toxicity@1.0.0,toxicity@2.0.0
  millrace diff --topic comments --models toxicity@champion,toxicity@candidate --no-text --json | jq .agreement`,
    )
    .action(
      action((options: DiffOptions) => {
        kindOf(options.topic);
        const names = twoOf(options.models);
        return whereOpen(context, context.io, () => run(context, names, options));
      }),
    );
};

function twoOf(text: string): readonly [string, string] {
  const names = text.split(',').map((name) => name.trim());
  const [a = '', b = ''] = names;
  if (names.length === 2 && a !== '' && b !== '' && a !== b && taskOf(a) === taskOf(b)) return [a, b];
  throw new Misconfigured(`--models ${text} are not two releases of one task`, {
    code: 'bad-argument',
    fix: 'Write --models toxicity@1.0.0,toxicity@2.0.0. `millrace models list` has releases.',
  });
}

async function run(
  context: CommandContext,
  [nameOfA, nameOfB]: readonly [string, string],
  options: DiffOptions,
): Promise<number> {
  const { io, configuration, stack } = context;
  const open = await stack();
  const window = await windowOf(open.log, options.topic, options, open.now());
  const task = taskOf(nameOfA);
  const engines: Engine[] = [];
  const progress = progressLine(context);
  try {
    const names = task === languageTask ? [nameOfA] : [nameOfA, languageTask];
    // One by one: the first has to be closed when the second cannot be opened.
    engines.push(await openEngine(configuration, names));
    engines.push(await openEngine(configuration, [nameOfB]));
    const [a, b] = engines as [Engine, Engine];
    const difference = new Difference(options.limit);
    const onProgress = (read: number, total: number) =>
      progress.show(`${bar(read / Math.max(1, total), 24)} ${count(read)} read`);
    for await (const traffic of readTraffic(open, window, { signal: io.signal, onProgress }))
      await compare(difference, { a, b, task }, traffic);
    await progress.clear();
    const print = (engine: Engine) => printOf(engine.manifests.find((manifest) => manifest.task === task)!);
    const figures = options.text ? difference.figures() : withoutText(difference.figures());
    const shown = { topic: options.topic, a: print(a), b: print(b), ...figures };
    await io.stdout.write(options.json ? jsonLine(shown) : printFigures(shown));
  } finally {
    await progress.clear();
    await Promise.all(engines.map((engine) => engine.close()));
  }
  return exitCodes.done;
}

async function compare(
  difference: Difference,
  { a, b, task }: { readonly a: Engine; readonly b: Engine; readonly task: string },
  { asked }: Traffic,
): Promise<void> {
  const texts = asked.map(({ features }) => features.text);
  const asksLanguage = task !== languageTask;
  const [fromA, fromB] = await Promise.all([
    a.predict(asksLanguage ? [task, languageTask] : [task], texts),
    b.predict([task], texts),
  ]);
  const languages = asksLanguage ? fromA[1] : fromA[0];
  for (const [row, { features }] of asked.entries()) {
    const language = languages ? resultOf(languages, row).label : undetermined;
    difference.add(features, language, [fromA[0]!, fromB[0]!], row);
  }
}

type Shown = Omit<DifferenceFigures, 'most'> & {
  readonly topic: string;
  readonly a: string;
  readonly b: string;
  readonly most: readonly (Omit<DifferenceFigures['most'][number], 'text'> & { readonly text?: string })[];
};

const withoutText = (figures: DifferenceFigures) => ({
  ...figures,
  most: figures.most.map(({ text: _, ...each }) => each),
});

function printFigures({
  topic,
  a,
  b,
  messages,
  agreement,
  flips,
  confidence,
  languages,
  tenants,
  most,
}: Shown): string {
  if (agreement === null || confidence === null) return `No messages in this window of ${topic}.\n`;
  const percent = (share: number) => `${(share * 100).toFixed(2)} %`;
  const { mean, p50, p95, p99, max } = confidence;
  const rows = most.map(({ messageId, language, a: left, b: right, distance, text }) => ({
    messageId,
    language,
    distance,
    a: `${left.label} ${left.confidence.toFixed(3)}`,
    b: `${right.label} ${right.confidence.toFixed(3)}`,
    ...(text === undefined ? {} : { text }),
  }));
  return [
    `${a} (a) and ${b} (b) on ${count(messages)} messages of ${topic}: ${percent(agreement)} have the same label\n`,
    `Confidence, b less a: mean ${mean.toFixed(4)}; size: median ${p50}, 95 of 100 below ${p95}, 99 below ${p99}, most ${max.toFixed(4)}\n`,
    flips.length === 0
      ? 'No label changes.\n'
      : `\nLabels that change, a to b\n${table(flips.slice(0, shownFlips))}`,
    `\nBy language\n${table(languages.slice(0, shownSlices).map((slice) => ({ ...slice })))}`,
    `\nBy tenant\n${table(tenants.slice(0, shownSlices).map((slice) => ({ ...slice })))}`,
    rows.length === 0 ? '' : `\nMessages they differ most about\n${table(rows.map(printable))}`,
  ].join('');
}

/** What strangers wrote must not move the cursor. */
const printable = (row: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      typeof value === 'string' ? value.replaceAll(/\p{Cc}/gu, ' ') : value,
    ]),
  );
