// `millrace predict`: lines in, one answer per line out, in the order of the input. Needs no log and no ClickHouse.
import { isUtf8 } from 'node:buffer';
import { cleanText } from '../../processors/features/cleaning.ts';
import type { Answers, Engine } from '../../processors/inference/engine.ts';
import { resultOf } from '../../processors/inference/inference.ts';
import type { Input } from '../../processors/inference/model.ts';
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
A line is plain text, or JSON with a "text" field and optionally an "id", and a "second" text for models that compare
two. Every line of input gives one line of output with id, label, confidence, probabilities and model ("abstained" where
the model had better not answer), or with values where it gives scores or vectors; a line without a text gives an
"error" instead, and exit code 3. Tasks: \`millrace models list\`.

Examples:
  echo "Guten Morgen" | millrace predict --model language
  millrace predict --model toxicity --json < comments.jsonl
  echo '{"text":"who wrote it?","second":"Ada wrote it."}' | millrace predict --model ranking`,
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
  | { readonly id: string; readonly text: string; readonly second?: string }
  | { readonly id: string; readonly error: LineError };
interface LineError {
  readonly code: string;
  readonly message: string;
}
type Answered = { readonly id: string; readonly model: string } & (
  | { readonly values: Readonly<Record<string, number>> }
  | {
      readonly label: string;
      readonly confidence: number;
      readonly abstained?: true;
      readonly probabilities: Readonly<Record<string, number>>;
    }
);

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
  if (text === '') return { ...refused('no-text', 'has no text'), id: asked.id };
  return asked.second === undefined
    ? { id: asked.id, text }
    : { id: asked.id, text, second: cleanText(asked.second) };
}

function readAsked(line: string, number: number, refused: (code: string, what: string) => Asked): Asked {
  if (!line.trimStart().startsWith('{')) return { id: String(number), text: line };
  let parsed: { readonly id?: unknown; readonly text?: unknown; readonly second?: unknown };
  try {
    parsed = JSON.parse(line) as typeof parsed;
  } catch (error) {
    return refused('malformed-json', `begins like JSON and is none: ${(error as Error).message}`);
  }
  const hasId = typeof parsed.id === 'string' || typeof parsed.id === 'number';
  const id = hasId ? String(parsed.id) : String(number);
  const { text, second } = parsed;
  if (typeof text === 'string') return { id, text, ...(typeof second === 'string' ? { second } : {}) };
  return { ...refused('missing-field', 'has no field "text" with a text'), id };
}

async function answer(
  engine: Engine,
  task: string,
  asked: readonly Asked[],
): Promise<readonly (Answered | Asked)[]> {
  const inputs = asked.flatMap((each): Input[] => ('text' in each ? [inputOf(each)] : []));
  const [answers] = inputs.length > 0 ? await engine.predict([task], inputs) : [];
  const { abstainBelow = 0 } = engine.manifests.find((manifest) => manifest.task === task)!;
  let row = 0;
  return asked.map((each) => {
    if ('error' in each) return each;
    return answerAt(answers!, row++, each.id, abstainBelow);
  });
}

const inputOf = ({ text, second }: { readonly text: string; readonly second?: string }): Input =>
  second === undefined ? text : [text, second];

function answerAt(answers: Answers, row: number, id: string, abstainBelow: number): Answered {
  const { labels, probabilities, activation, release } = answers;
  const own = probabilities.subarray(row * labels.length, (row + 1) * labels.length);
  if (activation === 'identity') return { id, values: byLabel(labels, own), model: release };
  const { label, confidence } = resultOf(answers, row);
  return {
    id,
    label,
    confidence: rounded(confidence),
    ...(confidence < abstainBelow ? { abstained: true } : {}),
    probabilities: byLabel(labels, own),
    model: release,
  };
}

const rounded = (value: number): number => Math.round(value * 1e6) / 1e6;

const byLabel = (labels: readonly string[], probabilities: Float32Array): Record<string, number> =>
  Object.fromEntries(labels.map((label, index) => [label, rounded(probabilities[index]!)]));

function printForPeople(answered: Answered | Asked): string {
  if ('error' in answered) return `${answered.id}\t${answered.error.message}\n`;
  if ('text' in answered) throw new Error('a line was not answered');
  if ('values' in answered)
    return `${answered.id}\t${Object.entries(answered.values)
      .map(([label, value]) => `${label} ${value.toFixed(2)}`)
      .join('\t')}\n`;
  const { id, label, confidence, abstained } = answered;
  return `${id}\t${label}\t${(confidence * 100).toFixed(1)} %${abstained ? '\tbetter not answered' : ''}\n`;
}
