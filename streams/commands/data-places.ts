// Where the data commands look, and how they show that they are at work.
import { join, resolve } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { repositorySets, type SetPlaces } from '../../trainers/data-sets/catalog.ts';
import { type DataSet, isSetPath, openDataSet } from '../../trainers/data-sets/open.ts';
import { count } from '../terminal.ts';
import type { CommandContext } from './command.ts';

/** Options that several data commands have. */
export interface DataOptions {
  readonly data?: string;
  readonly json?: boolean;
}

/** What a command of the group is defined with beside the group itself. */
export const dataOption = [
  '--data <directory>',
  'directory of collected sets, which may be used and not be passed on: <directory>/<set>/<file>',
] as const;

/** The store of this machine: files by hash, and the manifests that were added. */
export const storeOf = ({ configuration, workingDirectory }: CommandContext): string =>
  join(resolve(workingDirectory, configuration.dataDirectory), 'sets');

/** Sets of the repository, of the store, and of the directory the caller names. */
export function placesOf(context: CommandContext, { data }: DataOptions): SetPlaces {
  const { io, workingDirectory } = context;
  return {
    folders: [repositorySets],
    store: storeOf(context),
    collected: data === undefined ? undefined : resolve(workingDirectory, data),
    signal: io.signal,
    onFetch: (name, bytes) => {
      if (io.columns) void io.stderr.write(`\rfetching ${name}: ${count(bytes / 1024)} KiB\u001b[K`);
    },
  };
}

/** Opens the set a person named; paths are relative to where the command was given. */
export const openNamed = (context: CommandContext, name: string, options: DataOptions): Promise<DataSet> =>
  openDataSet(isSetPath(name) ? resolve(context.workingDirectory, name) : name, placesOf(context, options));

/** One line that is written anew, on a terminal only. */
export function progressLine({ io }: CommandContext) {
  return {
    show(text: string): void {
      if (io.columns) void io.stderr.write(`\r${text}\u001b[K`);
    },
    async clear(): Promise<void> {
      if (io.columns) await io.stderr.write('\r\u001b[K');
    },
  };
}

/** Parses a number of an option between two limits. */
export const numberBetween =
  (least: number, most: number, isWhole = false) =>
  (text: string): number => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (value >= least && value <= most && (!isWhole || Number.isSafeInteger(value))) return value;
    throw new InvalidArgumentError(
      `It has to be a ${isWhole ? 'whole ' : ''}number from ${least} to ${most}.`,
    );
  };

/** Collects `name=value` of an option that may be given several times or hold several, with commas between them. */
export function pairs(text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const entries = text.split(',').map((part) => {
    const [, name, value] = /^([^=]+)=(.*)$/.exec(part.trim()) ?? [];
    if (name === undefined || value === undefined)
      throw new InvalidArgumentError('Write it as name=value, with commas between several.');
    return [name, value] as const;
  });
  return { ...before, ...Object.fromEntries(entries) };
}

/** Shares by name, such as `train=0.8,dev=0.1,test=0.1`. */
export function shares(text: string): Record<string, number> {
  const parsed = Object.entries(pairs(text)).map(
    ([name, value]) => [name, numberBetween(0, 1)(value)] as const,
  );
  const sum = parsed.reduce((total, [, share]) => total + share, 0);
  if (Math.abs(sum - 1) > 1e-9 || parsed.some(([, share]) => share === 0))
    throw new InvalidArgumentError('The shares have to be above 0 and sum up to 1.');
  return Object.fromEntries(parsed);
}
