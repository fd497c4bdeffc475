// `millrace dlq show`: everything of one dead letter: why, where from, what it was, and what became of it.
import { isUtf8 } from 'node:buffer';
import type { Command } from 'commander';
import { Refusal } from '../../connectors/wire/refusal.ts';
import type { DeadLetter } from '../../schemas/dead-letter.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import { topics } from '../../schemas/topics.ts';
import { type Afterlife, afterlifeOf } from '../dead-letters/afterlife.ts';
import { type Letter, originOf, readLetters } from '../dead-letters/letters.ts';
import { originalRecord, redrivesOf } from '../dead-letters/republication.ts';
import type { Stack } from '../stack.ts';
import { count } from '../terminal.ts';
import { type Action, type CommandContext, exitCodes, jsonLine, whereOpen } from './command.ts';

const idLengthMin = 6;
const ambiguousMax = 10;
const shownCharacters = 4_096;

export function defineShow(group: Command, context: CommandContext, action: Action): void {
  group
    .command('show <id>')
    .description('everything of one dead letter; the first characters of its id will do')
    .option('--json', 'print JSON, with all of the value')
    .addHelpText(
      'after',
      `
The value is shown as the message that it is now, as text where it is UTF-8, else as hex. "Redriven" says whether its
record was put back, and what the streams made of it then.

Examples:
  millrace dlq show 4f2a9c1e
  millrace dlq show 4f2a9c1e --json | jq -r .value.text`,
    )
    .action(
      action((id: string, options: { readonly json?: boolean }) => {
        checkId(id);
        return whereOpen(context, context.io, () => show(context, id, options.json ?? false));
      }),
    );
}

function checkId(id: string): void {
  if (id.length >= idLengthMin) return;
  throw new Misconfigured(`"${id}" is too short for an id`, {
    code: 'bad-argument',
    fix: `Give at least the first ${idLengthMin} characters. \`millrace dlq list\` prints ids.`,
  });
}

async function show({ io, stack }: CommandContext, id: string, json: boolean): Promise<number> {
  const open = await stack();
  const found = await find(open, id, io.signal);
  const view = await viewOf(open, found, io.signal);
  await io.stdout.write(json ? jsonLine(view) : print(view));
  return exitCodes.done;
}

/** The one letter whose id begins so. A letter that a crash published twice is one letter. */
async function find(stack: Stack, id: string, signal: AbortSignal): Promise<Letter> {
  const found = new Map<string, Letter>();
  for await (const letters of readLetters(stack, { signal }))
    for (const each of letters)
      if (each.letter.id.startsWith(id) && found.size < ambiguousMax) found.set(each.letter.id, each);
  const [only] = found.values();
  if (only && found.size === 1) return only;
  if (!only)
    throw new Misconfigured(`there is no dead letter ${id}`, {
      code: 'unknown-letter',
      fix: '`millrace dlq list` prints ids.',
    });
  throw new Misconfigured(`several dead letters begin with ${id}`, {
    code: 'ambiguous-letter',
    fix: `Give more of the id: ${[...found.keys()].join(', ')}.`,
  });
}

interface View {
  readonly id: string;
  readonly time: string;
  readonly stage: string;
  readonly code: string;
  readonly reason: string;
  readonly origin: string;
  readonly recordTime: string;
  readonly traceparent: string;
  readonly redrives: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly key: Content | null;
  readonly value: Content | null;
  readonly valueBytes: number;
  /** The message that the record is for this Millrace; what it lacks, where it is none. */
  readonly message: unknown;
  readonly refused: { readonly code: string; readonly reason: string } | null;
  readonly redriven: Afterlife | null;
}

type Content = { readonly text: string } | { readonly hex: string };

async function viewOf(stack: Stack, { letter, time }: Letter, signal: AbortSignal): Promise<View> {
  const read = await readNow(stack, letter);
  return {
    id: letter.id,
    time: new Date(time).toISOString(),
    stage: letter.stage,
    code: letter.code,
    reason: letter.reason,
    origin: originOf(letter),
    recordTime: new Date(letter.ingestTime).toISOString(),
    traceparent: letter.traceparent,
    redrives: redrivesOf(letter),
    headers: letter.recordHeaders,
    key: contentOf(letter.recordKey),
    value: contentOf(letter.recordValue),
    valueBytes: letter.recordBytes,
    ...read,
    redriven: await afterlifeOf(stack, letter, signal),
  };
}

async function readNow({ wire }: Stack, letter: DeadLetter): Promise<Pick<View, 'message' | 'refused'>> {
  const { fromTopic, fromPartition } = letter;
  if (!topics.some(({ name }) => name === fromTopic))
    return { message: null, refused: { code: 'unknown-topic', reason: `there is no topic ${fromTopic}` } };
  const record = originalRecord(letter);
  await wire.prepare(fromTopic, [record]);
  const message = wire.decode(fromTopic, fromPartition, record);
  if (!(message instanceof Refusal)) return { message, refused: null };
  return { message: null, refused: { code: message.code, reason: message.reason } };
}

function contentOf(bytes: Uint8Array | null): Content | null {
  if (bytes === null) return null;
  const buffer = Buffer.from(bytes);
  return isUtf8(buffer) ? { text: buffer.toString('utf8') } : { hex: buffer.toString('hex') };
}

function print(view: View): string {
  const { redriven, refused, message } = view;
  const readable = refused === null ? 'yes' : `no, ${refused.code}: ${refused.reason}`;
  const lines: readonly (readonly [string, string])[] = [
    ['id', view.id],
    ['time', view.time],
    ['stage', view.stage],
    ['reason', `${view.code}: ${view.reason}`],
    ['from', `${view.origin}, accepted ${view.recordTime}`],
    ['trace', view.traceparent],
    ['key', shown(view.key)],
    ...Object.entries(view.headers).map(([name, value]) => [`header ${name}`, value] as const),
    [`value, ${count(view.valueBytes)} bytes`, shown(view.value)],
    ['readable now', readable],
    ...(message === null ? [] : [['message', JSON.stringify(message)] as const]),
    ['put back before', `${view.redrives} times`],
    ['redriven', redriven === null ? 'no' : afterlife(redriven)],
  ];
  return lines.map(([name, text]) => `${name}: ${printable(text)}\n`).join('');
}

const shown = (content: Content | null): string =>
  content === null ? 'none' : 'text' in content ? content.text : `hex ${content.hex}`;

function afterlife({ at, place, letters, score }: Afterlife): string {
  const where = place === null ? 'the log keeps it no more' : `as ${place}`;
  const again = letters.length > 0 ? `; became dead letter ${letters.join(', ')}` : '';
  const scored = score === null ? '' : `; scored: ${JSON.stringify(score)}`;
  const pending = again === '' && scored === '' ? '; neither scored nor refused so far' : '';
  return `${new Date(at).toISOString()}, ${where}${again}${scored}${pending}`;
}

/** What strangers wrote must not move the cursor; and no screen is served by a megabyte. */
function printable(text: string): string {
  const cut = text.length > shownCharacters ? `${text.slice(0, shownCharacters)}… (--json has all)` : text;
  return cut.replaceAll(/\p{Cc}/gu, (character) => JSON.stringify(character).slice(1, -1));
}
