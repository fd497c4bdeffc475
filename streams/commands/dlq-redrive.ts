// `millrace dlq redrive`: puts dead letters back into the topics they came from, each once.
import type { Command } from 'commander';
import { Misconfigured } from '../../schemas/errors.ts';
import { type Fate, redrive } from '../dead-letters/redrive.ts';
import { bar, count, table } from '../terminal.ts';
import { type Action, type CommandContext, exitCodes, jsonLine, whereOpen } from './command.ts';
import { numberBetween, progressLine } from './data-places.ts';
import { type FilterOptions, filterOf, withFilter } from './dlq-filter.ts';

interface RedriveOptions extends FilterOptions {
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly maxAttempts: number;
  readonly force?: boolean;
  readonly rate?: number;
  readonly limit: number;
  readonly json?: boolean;
}

export function defineRedrive(group: Command, context: CommandContext, action: Action): void {
  withFilter(group.command('redrive [ids...]'))
    .description('put dead letters back into their topics, each once; says what it would do without --yes')
    .option('--yes', 'do it')
    .option('--dry-run', 'only say what would be done (as without --yes)')
    .option(
      '--max-attempts <count>',
      'leave out what was put back so often',
      numberBetween(1, 1_000, true),
      3,
    )
    .option('--force', 'put back what would be refused again, too')
    .option('--rate <records>', 'records a second at most, such as 100 or 100/s', rate)
    .option('-n, --limit <count>', 'letters to print', numberBetween(0, 10_000, true), 20)
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Bytes, key and headers are the original ones, and so are id, time and trace of the message. Headers are added:
millrace-redrive (the letter), millrace-redrive-origin, millrace-redrives (how often). A record is put back once, however
often and by how many this is called, and wherever it is killed; one that is refused again is a new letter.
Letters that cannot be put back as they were are told with the reason, and give exit code 3.

Examples:
  millrace dlq redrive --code unknown-schema --since -1d
  millrace dlq redrive --code unknown-schema --since -1d --yes --rate 500/s
  millrace dlq redrive 4f2a9c1e0b7d4c559d3e8a61f0c2b417 --yes`,
    )
    .action(
      action((ids: readonly string[], options: RedriveOptions) => {
        checkIds(ids);
        return whereOpen(context, context.io, () => run(context, ids, options));
      }),
    );
}

const rate = (text: string): number => numberBetween(0.01, 1e6)(text.replace(/\/s$/, ''));

function checkIds(ids: readonly string[]): void {
  const wrong = ids.find((id) => !/^[0-9a-f]{32}$/.test(id));
  if (wrong === undefined) return;
  throw new Misconfigured(`"${wrong}" is no id of a dead letter`, {
    code: 'bad-argument',
    fix: 'Ids have 32 characters of hex; `millrace dlq list` prints them.',
  });
}

async function run(
  context: CommandContext,
  ids: readonly string[],
  options: RedriveOptions,
): Promise<number> {
  const { io, stack } = context;
  const open = await stack();
  const isDry = options.dryRun === true || options.yes !== true;
  const report = new RedriveReport(options.limit);
  const progress = progressLine(context);
  try {
    await redrive(open, {
      filter: { ...filterOf(options, open.now()), ...(ids.length > 0 ? { ids: new Set(ids) } : {}) },
      isDry,
      attemptsMax: options.maxAttempts,
      force: options.force ?? false,
      ...(options.rate === undefined ? {} : { rateMax: options.rate }),
      signal: io.signal,
      onLetter: (fate) => report.add(fate),
      onProgress: ({ read, total, sent }) =>
        progress.show(`${bar(read / Math.max(1, total), 24)} ${count(read)} read, ${count(sent)} put back`),
    });
  } finally {
    await progress.clear();
    // Also when it broke off: what was done was done.
    if (!isDry || !io.signal.aborted)
      await io.stdout.write(options.json ? jsonLine(report.json(isDry)) : report.print(isDry));
  }
  const missing = ids.filter((id) => !report.ids.has(id));
  if (missing.length > 0) await io.stderr.write(`no such dead letters: ${missing.join(', ')}\n`);
  return report.refused > 0 || missing.length > 0 ? exitCodes.partly : exitCodes.done;
}

/** Counts of what became of the letters, and the first of them. */
class RedriveReport {
  readonly #limit: number;
  readonly #groups = new Map<string, { fate: string; topic: string; code: string; letters: number }>();
  readonly #first: ReturnType<typeof rowOf>[] = [];
  readonly #counts = { sent: 0, before: 0, refused: 0 };
  /** Ids of few letters: those that were asked for by id. */
  readonly ids = new Set<string>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get refused(): number {
    return this.#counts.refused;
  }

  add(fate: Fate): void {
    const { kind, letter } = fate;
    this.#counts[kind] += 1;
    if (this.ids.size < 10_000) this.ids.add(letter.id);
    const code = 'refusal' in fate ? fate.refusal.code : letter.code;
    const key = `${kind} ${letter.fromTopic} ${code}`;
    const group = this.#groups.get(key) ?? { fate: words[kind], topic: letter.fromTopic, code, letters: 0 };
    group.letters += 1;
    this.#groups.set(key, group);
    if (this.#first.length < this.#limit && kind !== 'before') this.#first.push(rowOf(fate));
  }

  json(isDry: boolean) {
    const { sent, before, refused } = this.#counts;
    return {
      dryRun: isDry,
      redriven: sent,
      before,
      refused,
      groups: [...this.#groups.values()],
      first: this.#first,
    };
  }

  print(isDry: boolean): string {
    const { sent, before, refused } = this.#counts;
    if (sent + before + refused === 0) return 'No dead letters match.\n';
    const verb = isDry ? 'would be put back' : 'put back';
    const line = `${count(sent)} ${verb}, ${count(before)} put back before, ${count(refused)} refused\n`;
    const first = this.#first.length > 0 ? `\n${table(this.#first)}` : '';
    return `${table([...this.#groups.values()])}${first}\n${line}${isDry && sent > 0 ? 'Add --yes to do it.\n' : ''}`;
  }
}

const words = { sent: 'put back', before: 'put back before', refused: 'refused' } as const;

function rowOf(fate: Fate) {
  const { letter } = fate;
  return {
    id: letter.id,
    to: letter.fromTopic,
    code: letter.code,
    attempt: 'attempt' in fate ? fate.attempt : null,
    refused: 'refusal' in fate ? `${fate.refusal.code}: ${fate.refusal.reason}` : null,
  };
}
