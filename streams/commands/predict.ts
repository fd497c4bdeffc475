// `millrace predict`: lines in, one answer per line out, in the order of the input. Needs no log and no ClickHouse.
import { cleanText } from '../../processors/features/cleaning.ts';
import type { Engine } from '../../processors/inference/engine.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import { readLines } from '../lines.ts';
import { openEngine } from '../models.ts';
import { type CommandContext, type Define, exitCodes, jsonLine } from './command.ts';

const batchLines = 256;
const lineBytesMax = 16_777_216;

interface PredictOptions {
  readonly model: string;
  readonly json?: boolean;
}

export const predict: Define = (program, context, action) => {
  program
    .command('predict')
    .description('ask one model about every line of standard input')
    .requiredOption('--model <task>', 'the task, such as language, or a release, such as language@1.0.0')
    .option('--json', 'one JSON object a line (the default unless a person is watching)')
    .addHelpText(
      'after',
      `
A line is plain text, or JSON with a "text" field and optionally an "id". Every line of input gives one line of output
with id, label, probabilities and model; a line that cannot be read gives an "error" instead, and exit code 3.

Examples:
  echo "Guten Morgen" | millrace predict --model language
  millrace predict --model toxicity --json < comments.jsonl`,
    )
    .action(action((options: PredictOptions) => run(context, options)));
};

async function run(context: CommandContext, options: PredictOptions): Promise<number> {
  const [task = ''] = options.model.split('@');
  const engine = await openEngine(context.configuration, [options.model]);
  const print = context.io.columns && !options.json ? printForPeople : jsonLine;
  let failed = 0;
  try {
    for await (const asked of batchesOf(context.io.stdin)) {
      if (context.io.signal.aborted) return exitCodes.interrupted;
      const answers = await answer(engine, task, asked);
      failed += answers.filter((each) => 'error' in each).length;
      await context.io.stdout.write(answers.map(print).join(''));
    }
  } finally {
    await engine.close();
  }
  return failed > 0 ? exitCodes.partly : exitCodes.done;
}

type Asked =
  | { readonly id: string; readonly text: string }
  | { readonly id: string; readonly error: LineError };
interface LineError {
  readonly code: string;
  readonly message: string;
}
interface Answered {
  readonly id: string;
  readonly label: string;
  readonly probabilities: Readonly<Record<string, number>>;
  readonly model: string;
}

async function* batchesOf(source: AsyncIterable<Buffer>): AsyncGenerator<readonly Asked[], void, void> {
  let batch: Asked[] = [];
  let number = 0;
  for await (const line of readLines(source, lineBytesMax)) {
    number += 1;
    batch.push(askedOf(line.toString('utf8'), String(number)));
    if (batch.length < batchLines) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
  if (number === 0)
    throw new Misconfigured('standard input is empty', {
      code: 'empty-input',
      fix: 'Try: echo "some text" | millrace predict --model language',
    });
}

function askedOf(line: string, number: string): Asked {
  if (!line.trimStart().startsWith('{')) return { id: number, text: line };
  let parsed: { readonly id?: unknown; readonly text?: unknown };
  try {
    parsed = JSON.parse(line) as typeof parsed;
  } catch (error) {
    const message = `line ${number} begins like JSON and is none: ${(error as Error).message}`;
    return { id: number, error: { code: 'malformed-json', message } };
  }
  const id = typeof parsed.id === 'string' || typeof parsed.id === 'number' ? String(parsed.id) : number;
  if (typeof parsed.text === 'string') return { id, text: parsed.text };
  return { id, error: { code: 'missing-field', message: `line ${number} has no field "text" with a text` } };
}

async function answer(
  engine: Engine,
  task: string,
  asked: readonly Asked[],
): Promise<readonly (Answered | Asked)[]> {
  // As the features stream cleans them, so that a text gets the answer it would get on a topic.
  const texts = asked.flatMap((each) => ('text' in each ? [cleanText(each.text)] : []));
  const [answers] = texts.length > 0 ? await engine.predict([task], texts) : [];
  let row = 0;
  return asked.map((each) => {
    if ('error' in each) return each;
    const { labels, probabilities, release } = answers!;
    const start = row * labels.length;
    row += 1;
    const own = probabilities.subarray(start, start + labels.length);
    const best = own.indexOf(Math.max(...own));
    return { id: each.id, label: labels[best]!, probabilities: byLabel(labels, own), model: release };
  });
}

const byLabel = (labels: readonly string[], probabilities: Float32Array): Record<string, number> =>
  Object.fromEntries(labels.map((label, index) => [label, Math.round(probabilities[index]! * 1e6) / 1e6]));

function printForPeople(answered: Answered | Asked): string {
  if ('error' in answered) return `${answered.id}\t${answered.error.message}\n`;
  const { id, label, probabilities } = answered as Answered;
  return `${id}\t${label}\t${(probabilities[label]! * 100).toFixed(1)} %\n`;
}
