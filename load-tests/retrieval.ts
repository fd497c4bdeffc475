// `node --import tsx load-tests/retrieval.ts --data <directory>`: trains the ranker and the expander on what may ship
// and prints what they reach on public sets beside BM25 and TF-IDF, in one run. --save keeps the JSON in results/.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { table } from '../streams/terminal.ts';
import { rankingFigures } from '../trainers/ranking/judgement.ts';
import { rankingSets } from '../trainers/ranking/sources.ts';
import { judgeCranfield } from './retrieval/cranfield.ts';
import type { Line } from './retrieval/line.ts';
import { judgePairs } from './retrieval/pairs.ts';
import { examplesOf, trainExpander, trainRanker } from './retrieval/training.ts';

const usage = `node --import tsx load-tests/retrieval.ts --data <directory of the collected sets> [--seed 1] [--json] [--save]

Examples:
  node --import tsx load-tests/retrieval.ts --data ../shared/data
  node --import tsx load-tests/retrieval.ts --data ../shared/data --save
`;

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

async function main(): Promise<void> {
  if (values.help || values.data === undefined) {
    process.stdout.write(usage);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  const seed = Number(values.seed);
  const train = await examplesOf(rankingSets, 'train', values.data);
  const ranker = await trainRanker(train, await examplesOf(rankingSets, 'calibration', values.data), seed);
  const texts = [...new Set(train.flatMap(({ text, second }) => [text, second ?? '']))];
  const expander = await trainExpander(texts, seed);
  const lines = [
    ...(await judgePairs(values.data, ranker, expander, seed)),
    ...(await judgeCranfield(values.data, ranker, expander, seed)),
  ];
  await ranker.close();
  if (values.save) save(lines, seed);
  process.stdout.write(values.json ? `${JSON.stringify(lines, null, 2)}\n` : table(lines.map(printLine)));
}

const percent = (share: number): string => (100 * share).toFixed(1);

function printLine({ set, method, judgement, gains }: Line): Record<string, unknown> {
  const figures = rankingFigures.map((figure) => {
    const { low, high } = judgement.intervals[figure];
    return [figure, `${percent(judgement[figure])} [${percent(low)}, ${percent(high)}]`];
  });
  const gained = gains === undefined ? '' : `${percent(gains.mrr[0])} to ${percent(gains.mrr[1])}`;
  return {
    set,
    questions: judgement.questions,
    method,
    ...Object.fromEntries(figures),
    'mrr gained': gained,
    'map gained': gains === undefined ? '' : `${percent(gains.map[0])} to ${percent(gains.map[1])}`,
  };
}

function save(lines: readonly Line[], seed: number): void {
  const folder = join(fileURLToPath(new URL('.', import.meta.url)), 'results');
  mkdirSync(folder, { recursive: true });
  const day = new Date().toISOString().slice(0, 10);
  writeFileSync(join(folder, `retrieval-${day}.json`), `${JSON.stringify({ day, seed, lines }, null, 2)}\n`);
}

await main();
