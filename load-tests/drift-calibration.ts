// `node --import tsx load-tests/drift-calibration.ts`: how often rules alarm although nothing moved, and how soon they
// do when something did; on shipped samples, on injected drift, and on real streams where they are at hand.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Engine } from '../processors/inference/engine.ts';
import { loadConfiguration } from '../streams/configuration/configuration.ts';
import { openEngine } from '../streams/models.ts';
import { table } from '../streams/terminal.ts';
import { createRandom } from '../trainers/random.ts';
import { driftedRows } from './drift-calibration/drifts.ts';
import { answerTexts, binned, readLines, shippedFeatures, task } from './drift-calibration/rows.ts';
import { rulesFor } from './drift-calibration/rules.ts';
import { measureStreams } from './drift-calibration/streams.ts';
import { choose, delays, falseAlarms } from './drift-calibration/trials.ts';
import { describeMachine } from './machine.ts';

const usage = `node --import tsx load-tests/drift-calibration.ts [--trials 2000] [--runs 30] [--rate 0.01]
    [--data <folder of streams>] [--json] [--save]

False-alarm rates of the decision over all features of the shipped sentiment release, delays on injected drift, and
with --data alarms on real streams. --save stores them in load-tests/results/drift-calibration.json.
`;

const { values } = parseArgs({
  options: {
    trials: { type: 'string', default: '2000' },
    runs: { type: 'string', default: '30' },
    rate: { type: 'string', default: '0.01' },
    data: { type: 'string' },
    json: { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const file = new URL('./results/drift-calibration.json', import.meta.url);
const windowSizes = [500, 1_000, 2_000, 5_000];
const strengths = [0.05, 0.1, 0.2, 0.5];
/** Messages over which gradual drift grows. */
const rampMessages = 20_000;
const seed = 7;
/** Texts that are changed to make drifted ones. */
const changedTexts = 2_000;

async function measureAll(engine: Engine) {
  const random = createRandom(seed);
  const paths = ['trainers/data/reference/comments.jsonl.gz', 'samples/comments.jsonl.gz'];
  const texts = paths.flatMap((path) => readLines(path).map(({ text }) => text!));
  const { release } = (await engine.predict([task], ['hello']))[0]!;
  const features = shippedFeatures(release);
  process.stderr.write(`answering ${texts.length} texts…\n`);
  const rows = await answerTexts(engine, texts);
  const stable = rows.map((row) => binned(row, features));
  choose(texts, changedTexts, random);
  const changed = texts.slice(0, changedTexts);
  const moved = await driftedRows(engine, changed, await answerTexts(engine, changed), random);
  const drifts = Object.entries(moved).map(
    ([drift, list]) => [drift, list.map((row) => binned(row, features))] as const,
  );
  const options = { falseAlarmRate: Number(values.rate), random };
  const alarms = windowSizes.flatMap((window) => {
    process.stderr.write(`false alarms in windows of ${window}…\n`);
    return falseAlarms(stable, features, rulesFor(options), {
      window,
      trials: Number(values.trials),
      random,
    });
  });
  const rules = rulesFor(options);
  const found = drifts.flatMap(([drift, rowsOfDrift]) =>
    [0, rampMessages].flatMap((ramp) =>
      strengths.flatMap((strength) => {
        process.stderr.write(`${drift}, ${strength}${ramp === 0 ? '' : ', gradual'}…\n`);
        const course = { window: 1_000, strength, ramp, windowsMax: 20, runs: Number(values.runs), random };
        return delays(drift, [stable, rowsOfDrift], features, rules, course);
      }),
    ),
  );
  const streams =
    values.data === undefined
      ? []
      : await measureStreams(engine, values.data, features, () => rulesFor(options));
  return { release, falseAlarms: alarms, delays: found, streams };
}

if (values.help) {
  process.stdout.write(usage);
} else {
  const engine = await openEngine(loadConfiguration(), [task, 'language']);
  const measured = await measureAll(engine).finally(() => engine.close());
  const said = {
    when: new Date().toISOString(),
    machine: describeMachine(),
    wantedFalseAlarmRate: Number(values.rate),
    ...measured,
  };
  if (values.save) writeFileSync(file, `${JSON.stringify(said, null, 1)}\n`);
  process.stdout.write(
    values.json
      ? `${JSON.stringify(said)}\n`
      : [said.falseAlarms, said.delays, said.streams]
          .map((rows) => table(rows.map((row) => ({ ...row }))))
          .join('\n'),
  );
}
