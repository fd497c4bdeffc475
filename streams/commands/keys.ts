// `millrace keys`: the API keys that the HTTP doors accept.
import { type Command, InvalidArgumentError } from 'commander';
import { type Scope, scopes } from '../../connectors/access/caller.ts';
import { readKeys } from '../../connectors/access/key-file.ts';
import { createKey, revokeKey } from '../../connectors/access/keys.ts';
import { keysFileOf } from '../door.ts';
import { table } from '../terminal.ts';
import { type Action, type CommandContext, type Define, exitCodes, jsonLine } from './command.ts';

interface CreateOptions {
  readonly name: string;
  readonly tenant: string;
  readonly rate?: number;
  readonly scopes: readonly Scope[];
  readonly json?: boolean;
}

export const keys: Define = (program, context, action) => {
  const group = program
    .command('keys')
    .description('API keys of the HTTP doors')
    .addHelpText(
      'after',
      `
Keys are kept as hashes in HTTP_KEYS_FILE; running processes notice a change within seconds.

Examples:
  millrace keys create --name prometheus --scopes read
  curl -H "x-api-key: mr_…" http://millrace:8080/metrics
  millrace keys revoke prometheus`,
    );
  defineCreate(group, context, action);
  group
    .command('list')
    .description('every key: name, id, tenant, rate, scopes, when it was made; never the key itself')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  millrace keys list --json')
    .action(action((options: { readonly json?: boolean }) => list(context, options.json ?? false)));
  group
    .command('revoke <name-or-id>')
    .description('take a key away')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  millrace keys revoke prometheus')
    .action(
      action((which: string, options: { readonly json?: boolean }) =>
        revoke(context, which, options.json ?? false),
      ),
    );
};

function defineCreate(group: Command, context: CommandContext, action: Action): void {
  group
    .command('create')
    .description('make a key and print it, this once')
    .requiredOption('--name <name>', 'what it is for', nameOf)
    .option('--tenant <tenant>', 'who its messages belong to', nameOf, 'default')
    .option('--rate <number>', 'requests a second; HTTP_RATE_PER_SECOND when not given', rateOf)
    .option(
      '--scopes <scopes>',
      'what it may do, between commas: analyze (send texts), read (metrics, reasons, dashboards), admin',
      scopesOf,
      ['analyze', 'read'],
    )
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExample:\n  millrace keys create --name shop --tenant acme --rate 50 --scopes analyze',
    )
    .action(action((options: CreateOptions) => create(context, options)));
}

function nameOf(given: string): string {
  if (/^[\w.:@-]{1,128}$/.test(given)) return given;
  throw new InvalidArgumentError('Use letters, digits and . : @ _ - only, 128 at most.');
}

function rateOf(given: string): number {
  const rate = Number(given);
  if (rate > 0 && rate <= 1_000_000) return rate;
  throw new InvalidArgumentError('Give a number above 0, 1,000,000 at most.');
}

function scopesOf(given: string): readonly Scope[] {
  const words = given.split(',').map((word) => word.trim());
  const known = scopes.filter((scope) => words.includes(scope));
  if (known.length > 0 && known.length === new Set(words).size) return known;
  throw new InvalidArgumentError(`Scopes are ${scopes.join(', ')}.`);
}

async function create({ io, configuration }: CommandContext, options: CreateOptions): Promise<number> {
  const { name, tenant, rate = null, scopes: granted, json } = options;
  const file = keysFileOf(configuration);
  const key = { name, tenant, ratePerSecond: rate, scopes: granted };
  const { id, text } = await createKey(file, key, Date.now());
  if (json) await io.stdout.write(jsonLine({ id, key: text, ...key }));
  else {
    await io.stdout.write(`${text}\n`);
    await io.stderr.write('This is the only time the key is shown: only its hash is kept.\n');
  }
  return exitCodes.done;
}

async function list({ io, configuration }: CommandContext, json: boolean): Promise<number> {
  const file = keysFileOf(configuration);
  const rows = (await readKeys(file)).map(({ hash: _, ...shown }) => shown);
  if (json) await io.stdout.write(jsonLine(rows));
  else if (rows.length === 0) await io.stderr.write(`no keys in ${file}\n`);
  else await io.stdout.write(table(rows.map((row) => ({ ...row, scopes: row.scopes.join(',') }))));
  return exitCodes.done;
}

async function revoke({ io, configuration }: CommandContext, which: string, json: boolean): Promise<number> {
  const { id, name } = await revokeKey(keysFileOf(configuration), which);
  await io.stdout.write(json ? jsonLine({ revoked: id, name }) : `${name} (${id}) is revoked\n`);
  return exitCodes.done;
}
