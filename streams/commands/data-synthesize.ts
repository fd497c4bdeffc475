// `millrace data synthesize`: a data set written by a language model behind an OpenAI-compatible endpoint.
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { parse } from 'yaml';
import { z } from 'zod';
import { openChatEndpoint } from '../../connectors/chat-endpoint.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import { addDataSet } from '../../trainers/data-sets/addition.ts';
import { synthesizeRows } from '../../trainers/data-sets/synthesis.ts';
import { count, table } from '../terminal.ts';
import { type Action, type CommandContext, exitCodes, jsonLine } from './command.ts';
import {
  type DataOptions,
  dataOption,
  numberBetween,
  openNamed,
  progressLine,
  storeOf,
} from './data-places.ts';

interface SynthesizeOptions extends DataOptions {
  readonly prompts: string;
  readonly endpoint: string;
  readonly model: string;
  readonly licence: string;
  readonly keyVariable: string;
  readonly setVersion: string;
  readonly perLabel: number;
  readonly perRequest: number;
  readonly like?: string;
  readonly nearDuplicates: number;
  readonly wordsMin: number;
  readonly temperature: number;
  readonly seed: number;
  readonly requestsPerMinute: number;
  readonly retries: number;
  readonly timeout: number;
}

export function defineSynthesize(group: Command, context: CommandContext, action: Action): void {
  const command = group
    .command('synthesize <name>')
    .description('have a language model write rows, a prompt for each label; they are marked as synthetic')
    .requiredOption('--prompts <file>', 'YAML or JSON: label: prompt; {count} and {label} are filled in')
    .requiredOption('--endpoint <url>', 'OpenAI-compatible address, such as http://127.0.0.1:8000/v1')
    .requiredOption('--model <model>', 'the model that writes')
    .requiredOption('--licence <licence>', 'under what its answers may be used: the terms of the model')
    .option('--key-variable <name>', 'environment variable with the key, if it wants one', 'OPENAI_API_KEY')
    .option('--set-version <version>', 'version of the new set', '1.0.0')
    .option('--per-label <rows>', 'rows of each label', numberBetween(1, 100_000, true), 100)
    .option('--like <set>', 'a data set whose texts must not come again');
  defineLimits(command)
    .option(...dataOption)
    .option('--json', 'print the manifest')
    .addHelpText(
      'after',
      `
Example:
  millrace data synthesize advice --prompts prompts.yaml --endpoint http://127.0.0.1:8000/v1 \\
    --model my-model --licence Apache-2.0 --per-label 200 --like prompt_intent10`,
    )
    .action(action((name: string, options: SynthesizeOptions) => run(context, name, options)));
}

const defineLimits = (command: Command): Command =>
  command
    .option('--per-request <rows>', 'texts asked for at once', numberBetween(1, 100, true), 10)
    .option(
      '--near-duplicates <similarity>',
      'leave out what is this near to a text before',
      numberBetween(0.65, 1),
      0.8,
    )
    .option('--words-min <number>', 'leave shorter texts out', numberBetween(1, 1_000, true), 3)
    .option('--temperature <number>', 'of the model', numberBetween(0, 2), 1)
    .option(
      '--seed <number>',
      'sent with every request; not every server heeds it',
      numberBetween(0, 2 ** 31, true),
      1,
    )
    .option('--requests-per-minute <number>', 'no more than these', numberBetween(1, 100_000), 60)
    .option('--retries <number>', 'further attempts when it is unwell', numberBetween(0, 20, true), 5)
    .option('--timeout <seconds>', 'how long an answer may take', numberBetween(1, 3_600), 120);

const promptsSchema = z
  .record(z.string().min(1), z.string().min(1))
  .refine((prompts) => Object.keys(prompts).length > 0, { message: 'it names no label' });

const emptyMax = 5;
const backoffMs = 500;

async function run(context: CommandContext, name: string, options: SynthesizeOptions): Promise<number> {
  const { io } = context;
  const { endpoint: url, model, licence, keyVariable, requestsPerMinute, retries, timeout } = options;
  if (!URL.canParse(url))
    throw new Misconfigured(`--endpoint ${url} is no address`, {
      code: 'bad-argument',
      fix: 'Try --endpoint http://127.0.0.1:8000/v1.',
    });
  const prompts = await readPrompts(resolve(context.workingDirectory, options.prompts));
  const endpoint = openChatEndpoint({
    url,
    model,
    key: process.env[keyVariable],
    requestsPerMinute,
    retries,
    timeoutMs: timeout * 1_000,
    backoffMs,
  });
  const line = progressLine(context);
  const { signal } = io;
  const known =
    options.like === undefined ? undefined : (await openNamed(context, options.like, options)).examples();
  const rows = synthesizeRows({
    ...options,
    endpoint,
    prompts,
    known,
    emptyMax,
    signal,
    onProgress: ({ label, kept, repeated, short, requests }) =>
      line.show(
        `${label}: ${count(kept)} rows of ${requests} requests; ${repeated} repeated, ${short} too short`,
      ),
  });
  const { manifest, path, inspection } = await addDataSet({
    draft: {
      name,
      version: options.setVersion,
      doc: `Texts written by ${model}, ${options.perLabel} for each label. All of them are synthetic.`,
      licence,
      source: `${model} at ${new URL(url).host}, prompts ${options.prompts}`,
      ships: false,
      kind: 'classification',
      columns: { text: 'text', label: 'label', slices: ['synthetic', 'model'] },
      splits: { by: 'file' },
    },
    // What a model writes is no evidence: it is learned from, never judged on.
    sources: [{ name: 'train', split: 'train', rows }],
    store: storeOf(context),
    signal,
  });
  await line.clear();
  const labels = Object.entries(inspection.splits.train?.labels ?? {}).map(([label, rows]) => ({
    label,
    rows,
  }));
  const said = `${table(labels)}\n${name}@${manifest.version}: manifest ${path}\n`;
  await io.stdout.write(options.json ? jsonLine(manifest) : said);
  return exitCodes.done;
}

async function readPrompts(path: string): Promise<Readonly<Record<string, string>>> {
  try {
    return promptsSchema.parse(parse(await readFile(path, 'utf8')));
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause);
    throw new Misconfigured(`the prompts ${path} cannot be read: ${why}`, {
      code: 'file-unreadable',
      fix: 'Name a YAML or JSON file with a prompt for each label, such as “advice: Write {count} questions …”.',
      cause,
    });
  }
}
