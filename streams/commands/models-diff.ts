// `millrace models diff`: what two releases differ in: the model, its parameters, data, labels, figures and files.
import type { Command } from 'commander';
import { flatFigures } from '../../connectors/experiment-log.ts';
import { labelDifferences } from '../../connectors/model-store/promotion.ts';
import type { WholeRelease } from '../../connectors/model-store.ts';
import type { ModelManifest } from '../../schemas/model-manifest.ts';
import { modelStoreOf } from '../models.ts';
import { table } from '../terminal.ts';
import { type Action, type CommandContext, exitCodes, jsonLine } from './command.ts';
import { unlessInterrupted } from './interruption.ts';

interface Change {
  readonly what: string;
  readonly a: unknown;
  readonly b: unknown;
  readonly difference?: number | null;
}

interface Difference {
  readonly a: string;
  readonly b: string;
  /** Kind, activation, featurizer, thresholds and the like, by dotted name. */
  readonly model: readonly Change[];
  readonly labels: readonly string[];
  readonly parameters: readonly Change[];
  readonly data: readonly Change[];
  /** Every figure of both, the equal ones too. */
  readonly figures: readonly Change[];
  /** Files that differ, with their bytes. */
  readonly files: readonly Change[];
}

export function defineDiff(group: Command, context: CommandContext, action: Action): void {
  group
    .command('diff <a> <b>')
    .description('what release b has that a has not: model, parameters, data, labels, figures, files')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  millrace models diff toxicity@1.0.0 toxicity@1.1.0\n  millrace models diff toxicity@champion toxicity@candidate --json',
    )
    .action(
      action((a: string, b: string, options: { readonly json?: boolean }) =>
        run(context, [a, b], options.json ?? false),
      ),
    );
}

async function run(
  { io, configuration }: CommandContext,
  [a, b]: readonly [string, string],
  json: boolean,
): Promise<number> {
  const store = modelStoreOf(configuration);
  const difference = compare(
    await unlessInterrupted(io, store.whole(a)),
    await unlessInterrupted(io, store.whole(b)),
  );
  await io.stdout.write(json ? jsonLine(difference) : print(difference));
  return exitCodes.done;
}

/** What describes the release itself rather than the model, or is compared on its own. */
const apart = new Set([
  'task',
  'version',
  'release',
  'doc',
  'labels',
  'files',
  'data',
  'figures',
  'targets',
  'limits',
  'parameters',
]);

function compare(a: WholeRelease, b: WholeRelease): Difference {
  const shapeOf = ({ manifest }: WholeRelease) =>
    flatten(Object.fromEntries(Object.entries(manifest).filter(([key]) => !apart.has(key))));
  return {
    a: a.manifest.release,
    b: b.manifest.release,
    model: changed(shapeOf(a), shapeOf(b)),
    labels: labelDifferences(a.manifest.labels, b.manifest.labels),
    parameters: changed(flatten(a.manifest.parameters), flatten(b.manifest.parameters)),
    data: changed(dataOf(a.manifest), dataOf(b.manifest)),
    figures: changes(figuresOf(a), figuresOf(b)),
    files: changedFiles(a, b),
  };
}

/** Leaves of a tree by dotted name. */
function flatten(value: unknown, name = ''): Map<string, unknown> {
  const isTree = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isTree) return new Map([[name, value]]);
  return new Map(
    Object.entries(value).flatMap(([key, inner]) => [
      ...flatten(inner, name === '' ? key : `${name}.${key}`),
    ]),
  );
}

/** Each set with its role; rows and the head of the hash. */
const dataOf = ({ data }: ModelManifest): Map<string, unknown> =>
  new Map(
    data.map(({ name, role, rows, sha256 }) => [
      `${name} (${role})`,
      `${rows} rows${sha256 === undefined ? '' : `, ${sha256.slice(0, 12)}`}`,
    ]),
  );

const figuresOf = ({ manifest }: WholeRelease): Map<string, unknown> =>
  new Map(Object.entries(flatFigures(manifest)));

function changes(a: ReadonlyMap<string, unknown>, b: ReadonlyMap<string, unknown>): Change[] {
  return [...new Set([...a.keys(), ...b.keys()])].map((what) => {
    const [left, right] = [a.get(what) ?? null, b.get(what) ?? null];
    const areNumbers = typeof left === 'number' && typeof right === 'number';
    // Without the noise of binary fractions.
    const difference = areNumbers ? Number((right - left).toPrecision(6)) : null;
    return { what, a: left, b: right, difference };
  });
}

const changed = (a: ReadonlyMap<string, unknown>, b: ReadonlyMap<string, unknown>): Change[] =>
  changes(a, b)
    .filter((change) => JSON.stringify(change.a) !== JSON.stringify(change.b))
    .map(({ what, a: left, b: right }) => ({ what, a: left, b: right }));

function changedFiles(a: WholeRelease, b: WholeRelease): Change[] {
  const names = [...new Set([...a.files.keys(), ...b.files.keys()])];
  const sizeIn = ({ files }: WholeRelease, name: string): number | null => files.get(name)?.length ?? null;
  return names
    .filter((name) => a.manifest.files[name] !== b.manifest.files[name])
    .map((name) => {
      const [left, right] = [sizeIn(a, name), sizeIn(b, name)];
      return {
        what: name,
        a: left,
        b: right,
        difference: left === null || right === null ? null : right - left,
      };
    });
}

function print(difference: Difference): string {
  const { a, b } = difference;
  const section = (title: string, rows: readonly Change[], nothing: string): string =>
    rows.length === 0
      ? `${title}: ${nothing}\n`
      : `${title}\n${table(rows.map(({ what, a: left, b: right, ...rest }) => ({ what, [a]: left, [b]: right, ...rest })))}`;
  return [
    section('Model', difference.model, 'the same'),
    section('Parameters', difference.parameters, 'the same'),
    section('Data', difference.data, 'the same'),
    `Labels: ${difference.labels.length === 0 ? 'the same' : difference.labels.join('; ')}\n`,
    section('Figures', difference.figures, 'none'),
    section('Files (bytes)', difference.files, 'the same'),
  ].join('\n');
}
