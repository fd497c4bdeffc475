// The configuration: defaults, then a YAML file, then environment variables; checked whole, then frozen.
import { withoutSecrets } from '../../connectors/secret-text.ts';
import { contradictionsIn } from './checks.ts';
import { checkEntry, type Entry } from './entry.ts';
import { entriesOfEnvironment, fileVariable } from './environment.ts';
import { entriesOfFile } from './file-layers.ts';
import { misconfigurationOf, type Problem } from './problem.ts';
import { type Basis, eachSetting, isDerived, type Setting } from './setting.ts';
import { type SettingValues, settings } from './settings.ts';
import type { Environment } from './substitution.ts';

/** Every setting’s value, and by dotted key where it came from: `default`, `env NAME` or `file:line`. */
export type Configuration = SettingValues & { readonly origins: Readonly<Record<string, string>> };

export interface ConfigurationSources {
  /** Environment variables; those of the process when absent. */
  readonly env?: Environment;
  /** YAML file; the one that `MILLRACE_CONFIG` names when absent. */
  readonly file?: string;
}

/** Whether this process keeps anything in the data directory that another one must not touch. */
export const isEmbedded = ({ kafka, clickhouse }: Configuration): boolean =>
  kafka.brokers.length === 0 || clickhouse.url === null;

/** Whether any stream of this process needs ClickHouse: routes go from topics to topics. */
export const storesAnything = ({ streams }: Pick<Configuration, 'streams'>): boolean =>
  streams.some((name) => name !== 'routes');

const settingsByKey: ReadonlyMap<string, Setting<unknown>> = new Map(eachSetting(settings));

/**
 * Reads, checks and freezes the configuration, opening nothing but its files.
 * Throws one `Misconfigured` (code `configuration`) that lists every problem with its place and its fix.
 */
export function loadConfiguration({ env = process.env, file }: ConfigurationSources = {}): Configuration {
  const problems: Problem[] = [];
  const named = file ?? env[fileVariable];
  const origin = file === undefined ? `env ${fileVariable}` : 'configuration file';
  const entries = [
    ...(named ? entriesOfFile(named, origin, { env, settings, problems }) : []),
    ...entriesOfEnvironment(env, settingsByKey, problems),
  ];
  const { values, origins } = valuesOf(entries, problems);
  const configuration = { ...nested(values), origins } as Configuration;
  if (problems.length === 0) problems.push(...contradictionProblems(configuration));
  if (problems.length > 0) throw misconfigurationOf(problems);
  return deepFreeze(configuration);
}

/** The last entry of a key wins; an overridden one that is wrong is a problem all the same. */
function valuesOf(
  entries: readonly Entry[],
  problems: Problem[],
): { values: Map<string, unknown>; origins: Record<string, string> } {
  const values = new Map<string, unknown>();
  const origins: Record<string, string> = {};
  const reported = new Set(problems.map(({ place }) => place));
  for (const entry of entries) {
    const setting = settingsByKey.get(entry.key);
    const checked = setting && checkEntry(entry, setting);
    if (checked?.ok) {
      values.set(entry.key, checked.value);
      origins[entry.key] = entry.origin;
      // One line, one problem: a value whose substitution failed is not also of a wrong type.
    } else if (checked && !reported.has(entry.origin)) problems.push(checked.problem);
  }
  fillDefaults(values, origins);
  return { values, origins };
}

function fillDefaults(values: Map<string, unknown>, origins: Record<string, string>): void {
  const missing = [...settingsByKey].filter(([key]) => !values.has(key));
  for (const [key, setting] of missing) {
    origins[key] = 'default';
    if (!isDerived(setting.default)) values.set(key, setting.default);
  }
  const basis: Basis = {
    mode: values.get('mode') as Basis['mode'],
    brokers: values.get('kafka.brokers') as Basis['brokers'],
    registryUrl: values.get('registry.url') as Basis['registryUrl'],
    hasRoutes: (values.get('routes') as readonly unknown[]).length > 0,
  };
  for (const [key, setting] of missing)
    if (isDerived(setting.default)) values.set(key, setting.default.from(basis));
}

interface Tree {
  [name: string]: unknown;
}

function nested(values: ReadonlyMap<string, unknown>): Tree {
  const root: Tree = {};
  for (const [key, value] of values) {
    const names = key.split('.');
    const last = names.pop() ?? key;
    let section = root;
    for (const name of names) {
      section[name] ??= {};
      section = section[name] as Tree;
    }
    section[last] = value;
  }
  return root;
}

function contradictionProblems(configuration: Configuration): Problem[] {
  return contradictionsIn(configuration).map(({ keys, what, fix }) => {
    const set = keys
      .map((key) => configuration.origins[key])
      .filter((origin) => origin && origin !== 'default');
    return { place: [...new Set(set)].join(', ') || keys.join(', '), what, fix };
  });
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) deepFreeze(inner);
    Object.freeze(value);
  }
  return value;
}

/** One line of `config show`. */
export type ConfigurationRow = {
  readonly key: string;
  readonly variable: string;
  /** JSON value; secrets and passwords in addresses are blotted out. */
  readonly value: unknown;
  readonly origin: string;
};

/** Every setting in the order of the reference, fit to be shown: no secret is in it. */
export function describeConfiguration(configuration: Configuration): readonly ConfigurationRow[] {
  return [...settingsByKey].map(([key, setting]) => {
    const value = key
      .split('.')
      .reduce<unknown>((section, name) => (section as Record<string, unknown>)[name], configuration);
    return {
      key,
      variable: setting.variable,
      value: displayed(value, setting),
      origin: configuration.origins[key] ?? 'default',
    };
  });
}

function displayed(value: unknown, { secret }: Setting<unknown>): unknown {
  if (secret && value !== null) return '***';
  return typeof value === 'string' ? withoutSecrets(value) : value;
}
