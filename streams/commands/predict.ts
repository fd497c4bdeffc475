// `millrace predict`: lines in, one answer per line out, in the order of the input. Needs no log and no ClickHouse.
import { isUtf8 } from 'node:buffer';
import { cleanText } from '../../processors/features/cleaning.ts';
import type { Engine } from '../../processors/inference/engine.ts';
import { readLineGroups } from '../lines.ts';
import { openEngine } from '../models.ts';
import { type CommandContext, type Define, exitCodes, jsonLine } from './command.ts';
import { emptyInput, lineBytesMax, openInput, untilAborted } from './input.ts';

const batchLines = 256;

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
with id, label, probabilities and model; a line without a text gives an "error" instead, and exit code 3. Tasks:
\`millrace models list\`.

Examples:
  echo "Guten Morgen" | millrace predict --model language
  millrace predict --model toxicity --json < comments.jsonl`,
    )
    .action(action((options: PredictOptions) => run(context, options)));
};

async function run({ io, configuration, workingDirectory }: CommandContext, options: PredictOptions) {
  const [task = ''] = options.model.split('@');
  const engine = await openEngine(configuration, [options.model]);
  const print = io.columns && !options.json ? printForPeople : jsonLine;
  let failed = 0;
  try {
    const input = await openInput(io, undefined, workingDirectory);
    for await (const asked of batchesOf(untilAborted(input, io.signal))) {
      const answers = await answer(engine, task, asked);
      failed += answers.filter((each) => 'error' in each).length;
      await io.stdout.write(answers.map(print).join(''));
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

/** What came together is answered together, so that a lone line never waits for others. */
async function* batchesOf(source: AsyncIterable<Buffer>): AsyncGenerator<readonly Asked[], void, void> {
  let number = 0;
  for await (const lines of readLineGroups(source, lineBytesMax)) {
    for (let start = 0; start < lines.length; start += batchLines) {
      const batch = lines.slice(start, start + batchLines);
      yield batch.map((line, index) => askedOf(line, number + index + 1));
      number += batch.length;
    }
  }
  if (number === 0) throw emptyInput('Try: echo "some text" | millrace predict --model language');
}

function askedOf(line: Buffer, number: number): Asked {
  const refused = (code: string, what: string): Asked => ({
    id: String(number),
    error: { code, message: `line ${number} ${what}` },
  });
  if (line.length > lineBytesMax) return refused('too-long', `is longer than ${lineBytesMax} bytes`);
  if (!isUtf8(line)) return refused('invalid-utf8', 'is not valid UTF-8');
  const asked = readAsked(line.toString('utf8'), number, refused);
  if ('error' in asked) return asked;
  // As the features stream cleans it, so that a text gets the answer it would get on a topic.
  const text = cleanText(asked.text);
  return text === '' ? { ...refused('no-text', 'has no text'), id: asked.id } : { id: asked.id, text };
}

function readAsked(line: string, number: number, refused: (code: string, what: string) => Asked): Asked {
  if (!line.trimStart().startsWith('{')) return { id: String(number), text: line };
  let parsed: { readonly id?: unknown; readonly text?: unknown };
  try {
    parsed = JSON.parse(line) as typeof parsed;
  } catch (error) {
    return refused('malformed-json', `begins like JSON and is none: ${(error as Error).message}`);
  }
  const hasId = typeof parsed.id === 'string' || typeof parsed.id === 'number';
  const id = hasId ? String(parsed.id) : String(number);
  if (typeof parsed.text === 'string') return { id, text: parsed.text };
  return { ...refused('missing-field', 'has no field "text" with a text'), id };
}

async function answer(
  engine: Engine,
  task: string,
  asked: readonly Asked[],
): Promise<readonly (Answered | Asked)[]> {
  const texts = asked.flatMap((each) => ('text' in each ? [each.text] : []));
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
