// `millrace models`: the releases of the model store, what they reached, which serve, and how they come and go.
import { aliasNames } from '../../connectors/model-store/aliases.ts';
import { headline } from '../../trainers/evaluation/figure-text.ts';
import { modelStoreOf } from '../models.ts';
import { table } from '../terminal.ts';
import { type CommandContext, type Define, exitCodes, jsonLine } from './command.ts';
import { unlessInterrupted } from './interruption.ts';
import { defineAliases } from './models-aliases.ts';
import { defineExport } from './models-bundle.ts';
import { defineDiff } from './models-diff.ts';
import { defineImport } from './models-import.ts';
import { defineOptimize } from './models-optimize.ts';

export const models: Define = (program, context, action) => {
  const group = program
    .command('models')
    .description('released models: list, show, compare, export, import, promote, roll back')
    .addHelpText(
      'after',
      `
A release is named task@version, or by an alias: task@champion, task@candidate, task@previous. A bare task means the
release that serves it: its champion, or the highest version while it has none.

Examples:
  millrace models list
  millrace models show toxicity
  millrace models promote toxicity@1.1.0 --reason "fewer false alarms on names"`,
    );
  group
    .command('list')
    .description('every release, its aliases and its leading held-out figure')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  millrace models list --json | jq ".[].release"')
    .action(action((options: { readonly json?: boolean }) => list(context, options.json ?? false)));
  group
    .command('show <release>')
    .description('the model card of a release')
    .option('--json', 'print the manifest')
    .addHelpText(
      'after',
      '\nExamples:\n  millrace models show toxicity\n  millrace models show toxicity@1.0.0 --json',
    )
    .action(
      action((release: string, options: { readonly json?: boolean }) =>
        show(context, release, options.json ?? false),
      ),
    );
  defineDiff(group, context, action);
  defineExport(group, context, action);
  defineImport(group, context, action);
  defineAliases(group, context, action);
  defineOptimize(group, context, action);
};

async function list({ io, configuration }: CommandContext, json: boolean): Promise<number> {
  const store = modelStoreOf(configuration);
  const rows = await unlessInterrupted(
    io,
    (async () => {
      const manifests = await store.list();
      const tasks = [...new Set(manifests.map(({ task }) => task))];
      const aliases = new Map(
        await Promise.all(tasks.map(async (task) => [task, (await store.aliases(task)).aliases] as const)),
      );
      // The list has the highest version of a task first.
      const highest = new Map([...manifests].reverse().map(({ task, version }) => [task, version]));
      return manifests.map(({ task, version, release, kind, labels, figures }) => {
        const own = aliases.get(task) ?? {};
        return {
          release,
          aliases: aliasNames.filter((name) => own[name] === version),
          serves: version === (own.champion ?? highest.get(task)),
          kind,
          labels: labels.length,
          heldOut: figures[0]?.set ?? null,
          samples: figures[0]?.samples ?? null,
          reached: figures[0] === undefined ? null : headline(figures[0]),
        };
      });
    })(),
  );
  const shown = rows.map((row) => ({
    ...row,
    aliases: row.aliases.length > 0 ? row.aliases.join(' ') : null,
    serves: row.serves ? 'yes' : null,
  }));
  await io.stdout.write(json ? jsonLine(rows) : table(shown));
  return exitCodes.done;
}

async function show({ io, configuration }: CommandContext, release: string, json: boolean): Promise<number> {
  const store = modelStoreOf(configuration);
  const manifest = await unlessInterrupted(io, store.manifest(release));
  const card = json ? '' : await unlessInterrupted(io, store.card(manifest.release));
  await io.stdout.write(card === '' ? jsonLine(manifest) : card);
  return exitCodes.done;
}
