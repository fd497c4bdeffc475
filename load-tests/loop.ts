// `npm run loop`: plays years of labelled texts in minutes and lets the loop work: drift, labels, a candidate, shadow,
// canary, promotion; then a candidate that is bad on purpose, and its rollback. Ends with the timeline and a page.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { table } from '../streams/terminal.ts';
import { prepareReleases } from './loop/champion.ts';
import { playLoop } from './loop/loop.ts';
import { type MaterialName, materialOf, materialsHere } from './loop/material.ts';
import { pageOf } from './loop/page.ts';
import { lineOf } from './loop/story.ts';
import { openEmbeddedWorld } from './loop/world.ts';
import { describeMachine } from './machine.ts';

const usage = `npm run loop -- [--material tweets|reviews] [--periods 26] [--out loop-report] [--json] [--save] [--keep]

tweets: the tweets of 2011–2016 (in ../shared/data, which may be used and not passed on); reviews: a stand-in from what
ships. Without --material the tweets where they are. Writes a page and the figures into --out. Exits with 1 when a
promise was not kept. --save stores the figures in load-tests/results/loop-<material>.json.
`;

const { values } = parseArgs({
  options: {
    material: { type: 'string' },
    periods: { type: 'string', default: '26' },
    out: { type: 'string', default: 'loop-report' },
    json: { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  process.stdout.write(usage);
  process.exit(0);
}

/** The whole of each stream in some 26 periods. */
const rowsPerPeriod = { tweets: 1_800, reviews: 1_000 };

const say = (text: string): void => void (values.json ? process.stderr : process.stdout).write(text);

function chosen(): MaterialName {
  const here = materialsHere();
  const name = here.find((each) => each === (values.material ?? here[0]));
  if (name !== undefined) return name;
  process.stderr.write(`There is no material “${values.material}” here; there is ${here.join(' and ')}.\n`);
  process.exit(2);
}

async function main(): Promise<number> {
  const interruption = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interruption.abort());
  const material = materialOf(chosen());
  const periods = Number(values.periods);
  const folder = mkdtempSync(join(tmpdir(), 'millrace-loop-'));
  try {
    say(
      `${material.doc}.\nTraining the first champion on ${material.past.length.toLocaleString('en-US')} of them …\n`,
    );
    await prepareReleases(material, { models: join(folder, 'models'), sets: join(folder, 'data', 'sets') });
    const world = await openEmbeddedWorld(folder);
    try {
      const result = await playLoop(world, {
        material,
        models: join(folder, 'models'),
        pace: { periods, rowsPerPeriod: rowsPerPeriod[material.name], labelShare: 1 },
        bad: { afterPromotion: 3, beforeEnd: 5 },
        endsEarly: false,
        badServedMax: 400,
        gainMin: 0.01,
        signal: interruption.signal,
        onEntry: (entry) => say(lineOf(entry)),
        onPeriod: ({ period, when, withLoop, withoutLoop }, all) =>
          say(
            `       period ${period + 1}/${all} ${when}: right ${percent(withLoop)} with the loop, ${percent(withoutLoop)} without\n`,
          ),
      });
      const { title, doc } = { title: `The loop over ${material.name}`, doc: material.doc };
      const out = resolve(values.out);
      mkdirSync(out, { recursive: true });
      writeFileSync(join(out, 'loop.html'), pageOf({ title, doc, ...result }));
      const figures = JSON.stringify(
        { when: new Date().toISOString(), machine: describeMachine(), material: material.name, ...result },
        null,
        2,
      );
      writeFileSync(join(out, 'loop.json'), `${figures}\n`);
      if (values.save)
        writeFileSync(new URL(`./results/loop-${material.name}.json`, import.meta.url), `${figures}\n`);
      say(
        `\n${table(result.verdict.map(({ promise, kept, seen }) => ({ promise, kept: kept ? 'yes' : 'NO', seen })))}\n${join(out, 'loop.html')}\n`,
      );
      if (values.json) process.stdout.write(`${figures}\n`);
      return result.verdict.every(({ kept }) => kept) ? 0 : 1;
    } finally {
      await world.close();
    }
  } catch (error) {
    if (interruption.signal.aborted) return 130;
    throw error;
  } finally {
    if (values.keep) say(`kept: ${folder}\n`);
    else rmSync(folder, { recursive: true, force: true });
  }
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

process.exit(await main());
