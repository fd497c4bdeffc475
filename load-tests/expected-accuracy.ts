// `node --import tsx load-tests/expected-accuracy.ts <stream.jsonl.gz> [release folder]`: accuracy expected from
// confidences against the true one, half-year by half-year of a labelled stream (`ts`, `text`, `label` in each line).
import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expectedAccuracy, expectedAccuracyOfBins } from '../processors/drift/expected-accuracy.ts';
import { calibrated } from '../processors/inference/calibration.ts';
import { loadModel } from '../processors/inference/load-model.ts';
import { type Baseline, binOf } from '../schemas/baseline.ts';
import { table } from '../streams/terminal.ts';

const [file, folder = `models/sentiment/${readdirSync('models/sentiment').at(-1)}`] = process.argv.slice(2);
if (file === undefined) throw new Error('Name the stream: a .jsonl.gz with ts, text and label in each line.');

interface Line {
  readonly ts: string;
  readonly text: string;
  readonly label: string;
}

const lines = gunzipSync(readFileSync(file))
  .toString()
  .split('\n')
  .filter(Boolean)
  .map((line) => JSON.parse(line) as Line)
  .sort((a, b) => (a.ts < b.ts ? -1 : 1));
const files = new Map(readdirSync(folder).map((name) => [name, readFileSync(`${folder}/${name}`)]));
const manifest = JSON.parse(files.get('manifest.json')!.toString());
const baselines = JSON.parse(files.get('baseline.json')!.toString()) as readonly Baseline[];
const { edges } = baselines.find(({ feature }) => feature === 'confidence')!;
const model = await loadModel({ manifest, files });

interface Answer {
  readonly half: string;
  readonly confidence: number;
  readonly isRight: boolean;
}

async function answersTo(batch: readonly Line[]): Promise<readonly Answer[]> {
  const { labels, confidence: curve } = model.manifest;
  const prepared = model.prepare(batch.map(({ text }) => text));
  const probabilities = await model.predict(prepared, batch.length);
  return batch.map(({ ts, label }, row) => {
    const values = [...probabilities.subarray(row * labels.length, (row + 1) * labels.length)];
    const stated = Math.max(...values);
    return {
      half: `${ts.slice(0, 4)} ${Number(ts.slice(5, 7)) <= 6 ? 'first' : 'second'} half`,
      confidence: curve ? calibrated(curve, stated) : stated,
      isRight: labels[values.indexOf(stated)] === label,
    };
  });
}

const answers: Answer[] = [];
for (let from = 0; from < lines.length; from += 256)
  answers.push(...(await answersTo(lines.slice(from, from + 256))));

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

function figures(name: string, window: readonly Answer[]) {
  const confidences = window.map(({ confidence }) => confidence);
  const counts = Array.from({ length: edges.length + 1 }, () => 0);
  for (const confidence of confidences) counts[binOf(confidence, edges)]!++;
  const { accuracy, interval } = expectedAccuracy(confidences)!;
  const binned = expectedAccuracyOfBins(edges, counts, 1 / model.manifest.labels.length)!;
  return {
    window: name,
    messages: window.length,
    expected: percent(accuracy),
    interval: interval.map(percent).join(' – '),
    ofBins: `${percent(binned.accuracy)} ± ${percent(binned.bound)}`,
    true: percent(window.filter(({ isRight }) => isRight).length / window.length),
  };
}

const halves = [...new Set(answers.map(({ half }) => half))];
const rows = halves.map((half) =>
  figures(
    half,
    answers.filter((answer) => answer.half === half),
  ),
);
process.stdout.write(`${table([...rows, figures('all', answers)])}\n`);
