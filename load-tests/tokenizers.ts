// `node --import tsx load-tests/tokenizers.ts`: texts per CPU-second of our tokenizers beside @huggingface/tokenizers,
// and with PYTHON=<python with tokenizers> beside the Python library, on the same texts with the same tokenizer.json.
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createLibraryModel } from '../processors/inference/transformer/library-model.ts';
import { createTokenizer } from '../processors/inference/transformer/tokenizer.ts';
import { table } from '../streams/terminal.ts';
import { loadTexts } from './comments.ts';

const usage = `node --import tsx load-tests/tokenizers.ts [folder with a tokenizer.json]… [--texts 6000] [--save] [--json]

Examples:
  node --import tsx load-tests/tokenizers.ts
  PYTHON=/tmp/venv/bin/python node --import tsx load-tests/tokenizers.ts ./bert-base-uncased ./roberta-base --save
`;

const place = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const fixtures = ['bert', 'distilbert', 'roberta', 'xlm-roberta', 'deberta-v3'].map((name) =>
  place(`../tests/golden/transformer/${name}`),
);
const resultsFile = place('results/tokenizers.json');
const secondsMin = 1.5;

interface Speed {
  readonly tokenizer: string;
  readonly kind: string;
  readonly tokensPerText: number;
  /** Texts per CPU-second: every text once, with nothing in the cache; and again. */
  readonly ours: number;
  readonly oursAgain: number;
  readonly library: number;
  readonly timesLibrary: number;
  /** Texts that the two cut otherwise. */
  readonly different: number;
  /** Python’s `tokenizers`: one call for each text, and all of them in one. */
  readonly python?: number;
  readonly pythonBatch?: number;
}

/** Texts per CPU-second of passes over all texts, for as long as it takes to know. */
function speedOf(texts: readonly string[], encode: (text: string) => unknown): number {
  const started = process.cpuUsage();
  let passes = 0;
  for (;;) {
    for (const text of texts) encode(text);
    passes++;
    const { user, system } = process.cpuUsage(started);
    if (user + system > secondsMin * 1e6) return Math.round((passes * texts.length * 1e6) / (user + system));
  }
}

/** Every text once, by tokenizers that have seen none of them. */
function coldSpeedOf(texts: readonly string[], create: () => (text: string) => unknown): number {
  // The first pass also compiles the code.
  const warmUp = create();
  for (const text of texts) warmUp(text);
  const encode = create();
  const started = process.cpuUsage();
  for (const text of texts) encode(text);
  const { user, system } = process.cpuUsage(started);
  return Math.round((texts.length * 1e6) / (user + system));
}

async function measure(folder: string, texts: readonly string[], textsFile: string): Promise<Speed> {
  const json: unknown = JSON.parse(await readFile(join(folder, 'tokenizer.json'), 'utf8'));
  const library = createLibraryModel(json, {});
  const tokenizer = createTokenizer(json, {});
  const create = () => {
    const fresh = createTokenizer(json, {});
    return (text: string) => fresh.contentIds(text);
  };
  let [tokens, different] = [0, 0];
  for (const text of texts) {
    const ids = tokenizer.contentIds(text);
    tokens += ids.length;
    if (ids.join() !== library.encode(text).join()) different++;
  }
  const ours = coldSpeedOf(texts, create);
  const slow = speedOf(texts, (text) => library.encode(text));
  return {
    tokenizer: folder.split('/').at(-1)!,
    kind: tokenizer.kind,
    tokensPerText: Math.round((10 * tokens) / texts.length) / 10,
    ours,
    oursAgain: speedOf(texts, (text) => tokenizer.contentIds(text)),
    library: slow,
    timesLibrary: Math.round((10 * ours) / slow) / 10,
    different,
    ...python(folder, textsFile),
  };
}

const script = `
import json, sys, time
from tokenizers import Tokenizer
tokenizer = Tokenizer.from_file(sys.argv[1])
texts = json.load(open(sys.argv[2]))
def speed(work):
    start, passes = time.process_time(), 0
    while time.process_time() - start < ${secondsMin}:
        work()
        passes += 1
    return round(passes * len(texts) / (time.process_time() - start))
def one_by_one():
    for text in texts:
        tokenizer.encode(text, add_special_tokens=False)
print(json.dumps({"python": speed(one_by_one), "pythonBatch": speed(lambda: tokenizer.encode_batch(texts, add_special_tokens=False))}))
`;

function python(folder: string, textsFile: string): Partial<Speed> {
  const { PYTHON: interpreter } = process.env;
  if (interpreter === undefined) return {};
  const said = execFileSync(interpreter, ['-c', script, join(folder, 'tokenizer.json'), textsFile], {
    encoding: 'utf8',
    env: { ...process.env, TOKENIZERS_PARALLELISM: 'false' },
  });
  return JSON.parse(said) as Partial<Speed>;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      texts: { type: 'string', default: '6000' },
      save: { type: 'boolean' },
      json: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const texts = (await loadTexts()).slice(0, Number(values.texts));
  const scratch = await mkdtemp(join(tmpdir(), 'millrace-tokenizers-'));
  const textsFile = join(scratch, 'texts.json');
  await writeFile(textsFile, JSON.stringify(texts));
  const speeds: Speed[] = [];
  for (const folder of positionals.length > 0 ? positionals : fixtures) {
    speeds.push(await measure(folder, texts, textsFile));
  }
  await rm(scratch, { recursive: true, force: true });
  const result = { node: process.version, texts: texts.length, perCpuSecond: speeds };
  if (values.save) {
    await mkdir(place('results'), { recursive: true });
    await writeFile(resultsFile, `${JSON.stringify(result, null, 2)}\n`);
  }
  process.stdout.write(
    values.json ? `${JSON.stringify(result)}\n` : table(speeds.map((speed) => ({ ...speed }))),
  );
}

await main();
