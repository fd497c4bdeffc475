// A setting: one configuration value, declared with its variable, its kind of value, its default and its doc.
import { z } from 'zod';

/** How a value is written and checked. */
export interface Kind<V> {
  /** What the value has to be, for messages and the reference: `a whole number, 1 to 65535`. */
  readonly wanted: string;
  readonly schema: z.ZodType<V>;
  /** Reads what an environment variable or a substituted YAML scalar says; unreadable text is returned as it is. */
  readonly fromText: (text: string) => unknown;
  /** True when an empty text means “none”; otherwise an empty variable counts as not set. */
  readonly emptyIsNone: boolean;
  readonly choices?: readonly string[];
  /** True for addresses, which may hold a password. */
  readonly isAddress?: boolean;
  /** True where a message is to name the part of the value that is wrong, because the value has many. */
  readonly explains?: boolean;
}

/** What defaults may depend on. */
export interface Basis {
  readonly mode: 'chained' | 'apart';
  readonly brokers: readonly string[];
  readonly registryUrl: string | null;
  /** Whether any routes are declared. */
  readonly hasRoutes: boolean;
}

/** A default that follows from other settings or from the machine. */
export interface Derived<V> {
  readonly says: string;
  readonly from: (basis: Basis) => V;
}

export interface Setting<V> {
  readonly variable: string;
  readonly kind: Kind<V>;
  readonly default: V | Derived<V>;
  readonly doc: string;
  readonly unit?: 'ms' | 'bytes' | 'records' | 'texts' | 'probability' | 'share' | 'threads';
  /** Never shown: neither in `config show`, nor in a message, nor in a log. */
  readonly secret?: boolean;
}

/** A tree of settings by section; keys are the YAML keys. */
export interface Section {
  readonly [name: string]: Setting<unknown> | Section;
}

/** The values that a tree of settings describes. */
export type ValuesOf<T> = {
  readonly [K in keyof T]: T[K] extends Setting<infer V> ? V : ValuesOf<T[K]>;
};

export const isSetting = (node: Setting<unknown> | Section): node is Setting<unknown> => 'variable' in node;

export const isDerived = <V>(value: V | Derived<V>): value is Derived<V> =>
  typeof value === 'object' && value !== null && 'from' in value;

/** Whether `<variable>_FILE` may name a file that holds the value: a secret, or an address with a password in it. */
export const comesFromFile = ({ secret, kind }: Setting<unknown>): boolean =>
  secret === true || kind.isAddress === true;

/** Declares one setting; `V` is what its kind says, whatever the default looks like. */
export const setting = <V>(
  declaration: Omit<Setting<V>, 'default'> & { readonly default: NoInfer<V | Derived<V>> },
): Setting<V> => declaration;

/** Every setting of a tree with its dotted key, in declaration order. */
export function* eachSetting(section: Section, prefix = ''): Generator<readonly [string, Setting<unknown>]> {
  for (const [name, node] of Object.entries(section)) {
    if (isSetting(node)) yield [prefix + name, node];
    else yield* eachSetting(node, `${prefix}${name}.`);
  }
}

export const text: Kind<string> = {
  wanted: 'text',
  schema: z.string().min(1),
  fromText: (given) => given,
  emptyIsNone: false,
};

/** Text that may be absent. */
export const textOrNone: Kind<string | null> = {
  wanted: 'text, or nothing',
  schema: z.string().min(1).nullable(),
  fromText: (given) => (given === '' ? null : given),
  emptyIsNone: true,
};

/** An address that may be absent, with one of the given schemes. */
export function urlOrNone(...schemes: readonly string[]): Kind<string | null> {
  const isUrl = (given: string): boolean =>
    URL.canParse(given) &&
    schemes.includes(new URL(given).protocol.slice(0, -1)) &&
    new URL(given).host !== '';
  return {
    wanted: `an address that begins with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}, or nothing`,
    schema: z.string().refine(isUrl).nullable(),
    fromText: (given) => (given === '' ? null : given),
    emptyIsNone: true,
    isAddress: true,
  };
}

const flagWords: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  on: true,
  '1': true,
  false: false,
  no: false,
  off: false,
  '0': false,
};

export const flag: Kind<boolean> = {
  wanted: 'true or false',
  schema: z.boolean(),
  fromText: (given) => flagWords[given.toLowerCase()] ?? given,
  emptyIsNone: false,
  choices: ['true', 'false'],
};

export function choice<const V extends string>(...values: readonly V[]): Kind<V> {
  return {
    wanted: `one of ${values.join(', ')}`,
    schema: z.enum(values as readonly [V, ...V[]]),
    fromText: (given) => given,
    emptyIsNone: false,
    choices: values,
  };
}

export function choiceOrNone<const V extends string>(...values: readonly V[]): Kind<V | null> {
  return {
    wanted: `one of ${values.join(', ')}, or nothing`,
    schema: z.enum(values as readonly [V, ...V[]]).nullable(),
    fromText: (given) => (given === '' ? null : given),
    emptyIsNone: true,
    choices: values,
  };
}

/** A list of names; with `values`, of those only. In a variable the items stand between commas. */
export function list<const V extends string>(options: {
  readonly values?: readonly V[];
  readonly empty: boolean;
}): Kind<readonly V[]> {
  const item = (
    options.values ? z.enum(options.values as readonly [V, ...V[]]) : z.string().min(1)
  ) as z.ZodType<V>;
  const of = options.values ? ` of ${options.values.join(', ')}` : '';
  return {
    wanted: `a list${of}, between commas`,
    schema: options.empty ? z.array(item) : z.array(item).min(1),
    fromText: (given) =>
      given
        .split(',')
        .map((entry) => entry.trim())
        .filter((entry) => entry !== ''),
    emptyIsNone: options.empty,
    ...(options.values ? { choices: options.values } : {}),
  };
}

/** `host:port` addresses, possibly none. */
export const hostsAndPorts: Kind<readonly string[]> = {
  ...list({ empty: true }),
  wanted: '`host:port` addresses, between commas',
  schema: z.array(z.string().regex(/^([^\s:/[\]]+|\[[0-9a-fA-F:]+\]):\d{1,5}$/)),
};

/** Numbers by language: `de=0.6,pt-BR=0.7` in a variable, a mapping in YAML. */
export function numberByLanguage(min: number, max: number): Kind<Readonly<Record<string, number>>> {
  const language = z.string().regex(/^[a-z]{2,3}(-[A-Za-z0-9]+)*$/);
  return {
    wanted: `language=number pairs, numbers ${min} to ${max}`,
    schema: z.record(language, z.number().min(min).max(max)),
    fromText: (given) => {
      const pairs = given.split(',').filter((entry) => entry.trim() !== '');
      return Object.fromEntries(
        pairs.map((entry) => {
          const [name = '', number = ''] = entry.split('=').map((part) => part.trim());
          return [name, number === '' ? number : Number(number)];
        }),
      );
    },
    emptyIsNone: true,
  };
}

/** Languages by tenant: `acme=de|en,*=en` in a variable, a mapping to lists in YAML. */
export const languagesByTenant: Kind<Readonly<Record<string, readonly string[]>>> = {
  wanted: 'tenant=language|language pairs, `*` for all other tenants',
  schema: z.record(
    z.string().min(1),
    z
      .array(z.string().regex(/^[a-z]{2,3}$/))
      .min(1)
      .readonly(),
  ),
  fromText: (given) => {
    const pairs = given.split(',').filter((entry) => entry.trim() !== '');
    return Object.fromEntries(
      pairs.map((entry) => {
        const [tenant = '', languages = ''] = entry.split('=').map((part) => part.trim());
        return [tenant, languages.split('|').map((language) => language.trim())];
      }),
    );
  },
  emptyIsNone: true,
};
