// `millrace models`: the releases on this machine and what they were measured to reach.
import { listReleases } from '../../connectors/model-store.ts';
import { describeRelease } from '../models.ts';
import { table } from '../terminal.ts';
import { type CommandContext, type Define, exitCodes, jsonLine } from './command.ts';

export const models: Define = (program, context, action) => {
  const group = program
    .command('models')
    .description('list and show released models')
    .addHelpText('after', '\nExamples:\n  millrace models list\n  millrace models show toxicity');
  group
    .command('list')
    .description('every release, its size and its leading held-out figure')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  millrace models list --json | jq ".[].release"')
    .action(action((options: { readonly json?: boolean }) => list(context, options.json ?? false)));
  group
    .command('show <release>')
    .description('the model card of a release (a task means its serving release)')
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
};

async function list({ io, configuration }: CommandContext, json: boolean): Promise<number> {
  const manifests = await listReleases(configuration.inference.modelsDirectory);
  const rows = manifests.map(({ release, kind, labels, figures }) => ({
    release,
    kind,
    labels: labels.length,
    heldOut: figures[0]?.set ?? null,
    samples: figures[0]?.samples ?? null,
    accuracy: figures[0]?.accuracy ?? null,
    macroF1: figures[0]?.macroF1 ?? null,
  }));
  await io.stdout.write(json ? jsonLine(rows) : table(rows));
  return exitCodes.done;
}

async function show({ io, configuration }: CommandContext, release: string, json: boolean): Promise<number> {
  const { manifest, card } = await describeRelease(configuration.inference.modelsDirectory, release);
  await io.stdout.write(json ? jsonLine(manifest) : card);
  return exitCodes.done;
}
