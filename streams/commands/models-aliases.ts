// `millrace models promote|rollback|aliases`: which release serves a task, and who changed that when and why.
import { type Command, InvalidArgumentError } from 'commander';
import { type AliasChanges, aliasNames } from '../../connectors/model-store/aliases.ts';
import type { ModelStore } from '../../connectors/model-store.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import { promoteByHand, rollBackByHand, type Serving, whoDecides } from '../decision-by-hand.ts';
import { openLedger } from '../model-ledger.ts';
import { modelStoreOf } from '../models.ts';
import { table } from '../terminal.ts';
import { type Action, type CommandContext, exitCodes, jsonLine, whereOpen } from './command.ts';
import { unlessInterrupted } from './interruption.ts';

interface MoveOptions {
  readonly reason: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

interface AliasOptions {
  readonly set: AliasChanges;
  readonly delete: AliasChanges;
  readonly reason: string;
  readonly history?: boolean;
  readonly json?: boolean;
}

/** The movable aliases; what serves is moved by promote and rollback alone, which keep `previous` true. */
const freeAliases = aliasNames.filter((name) => name !== 'champion');

export function defineAliases(group: Command, context: CommandContext, action: Action): void {
  group
    .command('promote <release>')
    .description('let a release serve its task: it becomes the champion, the present one the previous')
    .option('--reason <text>', 'why, for the history', '')
    .option('--force', 'also when its labels, kind or activation differ from what serves')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Its files are checked first. The decision is recorded in the topic model-events, which every running process follows: they
take the release over within moments. An experiment on it ends with that.

Examples:
  millrace models promote toxicity@1.1.0 --reason "macro-F1 +2.1 on civil comments"
  millrace models promote toxicity@candidate`,
    )
    .action(action((release: string, options: MoveOptions) => runPromote(context, release, options)));
  group
    .command('rollback <task>')
    .description('let the previous champion serve again')
    .option('--reason <text>', 'why, for the history', '')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  millrace models rollback toxicity --reason "too many false alarms"')
    .action(action((task: string, options: MoveOptions) => runRollback(context, task, options)));
  group
    .command('aliases [task]')
    .description('the aliases of a task or of all, and every move they made; set and delete them')
    .option(
      '--set <alias=version>',
      `point ${freeAliases.join(' or ')} at a version; the champion is moved by promote`,
      readSetting,
      {},
    )
    .option('--delete <alias>', 'remove an alias', readRemoval, {})
    .option('--reason <text>', 'why, for the history', '')
    .option('--history', 'every move, the oldest first')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  millrace models aliases toxicity --history\n  millrace models aliases toxicity --set candidate=1.1.0',
    )
    .action(action((task: string | undefined, options: AliasOptions) => runAliases(context, task, options)));
}

function readSetting(text: string, before: AliasChanges): AliasChanges {
  const [, alias, version] = /^([a-z]+)=(\d+\.\d+\.\d+)$/.exec(text) ?? [];
  if (alias === undefined || version === undefined)
    throw new InvalidArgumentError('Write alias=version, such as candidate=1.1.0.');
  return { ...before, [freeAlias(alias)]: version };
}

const readRemoval = (text: string, before: AliasChanges): AliasChanges => ({
  ...before,
  [freeAlias(text)]: null,
});

function freeAlias(text: string): string {
  if (freeAliases.some((name) => name === text)) return text;
  const hint = text === 'champion' ? ' “millrace models promote” moves the champion.' : '';
  throw new InvalidArgumentError(`Aliases that can be set are ${freeAliases.join(' and ')}.${hint}`);
}

const runPromote = (context: CommandContext, release: string, options: MoveOptions): Promise<number> =>
  decided(context, options, (deciding) => {
    const { reason: why, force = false } = options;
    return promoteByHand(deciding, release, { by: whoDecides(), why, force });
  });

const runRollback = (context: CommandContext, task: string, options: MoveOptions): Promise<number> =>
  decided(context, options, (deciding) =>
    rollBackByHand(deciding, task, { by: whoDecides(), why: options.reason }),
  );

/** Where the system is open, over its ledger. */
function decided(
  context: CommandContext,
  { json }: MoveOptions,
  decide: (deciding: Parameters<typeof promoteByHand>[0]) => Promise<Serving>,
): Promise<number> {
  const { io, configuration } = context;
  io.signal.throwIfAborted();
  return whereOpen(context, io, async () => {
    const stack = await context.stack();
    const ledger = await openLedger(stack);
    try {
      const store = modelStoreOf(configuration);
      const { task, champion, previous } = await unlessInterrupted(io, decide({ stack, ledger, store }));
      const before = previous === null ? '' : `; previous: ${previous}`;
      await io.stdout.write(
        json ? jsonLine({ task, champion, previous }) : `${champion} is the champion of ${task}${before}\n`,
      );
      return exitCodes.done;
    } finally {
      await ledger.close();
    }
  });
}

async function runAliases(
  { io, configuration }: CommandContext,
  task: string | undefined,
  options: AliasOptions,
): Promise<number> {
  const store = modelStoreOf(configuration);
  const changes = { ...options.set, ...options.delete };
  if (Object.keys(changes).length > 0)
    await unlessInterrupted(io, change(store, task, changes, options.reason));
  const rows = await unlessInterrupted(io, rowsOf(store, task, options.history ?? false));
  const isEmpty = rows.length === 0 && !options.json;
  if (isEmpty) await io.stderr.write('no aliases: the highest version of each task serves\n');
  else await io.stdout.write(options.json ? jsonLine(rows) : table(rows));
  return exitCodes.done;
}

async function change(
  store: ModelStore,
  task: string | undefined,
  changes: AliasChanges,
  why: string,
): Promise<void> {
  if (task === undefined)
    throw new Misconfigured('no task is named', {
      code: 'no-task',
      fix: 'Name the task whose alias is meant, as in “millrace models aliases toxicity --set candidate=1.1.0”.',
    });
  await store.changeAliases(task, () => changes, { by: whoDecides(), why });
}

async function rowsOf(store: ModelStore, task: string | undefined, history: boolean) {
  const tasks = task === undefined ? [...new Set((await store.list()).map((each) => each.task))] : [task];
  // A task that is none is told apart from one without aliases.
  if (task !== undefined) await store.manifest(task);
  const rows: Record<string, unknown>[] = [];
  for (const each of tasks) {
    const { aliases, history: moves } = await store.aliases(each);
    const latest = moves.filter(({ alias, to }, at) => {
      const isLast = !moves.slice(at + 1).some((later) => later.alias === alias);
      return isLast && to !== null && aliases[alias] === to;
    });
    for (const { alias, to, from, at, by, why } of history ? moves : latest)
      rows.push({ task: each, alias, version: to, ...(history ? { from } : {}), at, by, why });
  }
  return rows;
}
