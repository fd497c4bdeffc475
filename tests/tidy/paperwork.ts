// What the repository says about itself: dependencies with their reasons, and no trace of one machine.
import type { Violation } from './project.ts';

export interface PackageFile {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly scripts?: Readonly<Record<string, string>>;
}

const declaredIn = (file: PackageFile): ReadonlyMap<string, string> =>
  new Map(
    [file.dependencies, file.optionalDependencies, file.devDependencies].flatMap((group) =>
      Object.entries(group ?? {}),
    ),
  );

// Programs are used by the name of their command.
const commands: Readonly<Record<string, string>> = { '@biomejs/biome': 'biome', typescript: 'tsc' };

/** Dependencies without a reason, without a use, or without an exact version; reasons without a dependency. */
export function badDependencies(
  file: PackageFile,
  reasons: string,
  imported: ReadonlySet<string>,
): Violation[] {
  const declared = declaredIn(file);
  const explained = new Set([...reasons.matchAll(/^- `([^`]+)`: \S/gm)].map(([, name = '']) => name));
  const scripts = Object.values(file.scripts ?? {}).join(' ');
  const used = (name: string): boolean =>
    imported.has(name) ||
    name.startsWith('@types/') ||
    new RegExp(`(^|\\s)${commands[name] ?? name}(\\s|$)`).test(scripts);
  const violations = [...declared].flatMap(([name, version]) => [
    ...(explained.has(name) ? [] : [`docs/dependencies.md: \`${name}\` has no line. Say why it is here.`]),
    ...(used(name) ? [] : [`package.json: \`${name}\` is imported nowhere. Use it or remove it.`]),
    ...(/^\d/.test(version)
      ? []
      : [`package.json: \`${name}\` is not pinned (${version}). Name one version.`]),
  ]);
  const idle = [...explained].filter((name) => !declared.has(name));
  const undeclared = [...imported].filter((name) => !declared.has(name));
  return [
    ...violations,
    ...idle.map((name) => `docs/dependencies.md: \`${name}\` is no dependency any more. Remove the line.`),
    ...undeclared.map((name) => `package.json: \`${name}\` is imported but not declared.`),
  ];
}

/** The package of a specifier; none for paths and for Node’s own modules. */
export function packageOf(specifier: string): string | undefined {
  if (/^(\.|\/|node:|#|data:|file:)/.test(specifier)) return undefined;
  const [scope = '', name = ''] = specifier.split('/');
  return scope.startsWith('@') ? `${scope}/${name}` : scope;
}

const traces: readonly { readonly pattern: RegExp; readonly what: string }[] = [
  {
    pattern:
      /https?:\/\/[^\s/"'`)]*(?:npmjs|npmmirror|yarnpkg|artifactory|nexus|pypi|pythonhosted|repo\d?\.maven)[^\s"'`)]*/i,
    what: 'names a package registry',
  },
  { pattern: /(?<![\w./-])\/(?:work|root|home|Users)\/[\w.]+/, what: 'names a path of one machine' },
];

/** Lines of a text that would tell another machine where this one is. */
export const machineTraces = (path: string, text: string): Violation[] =>
  text.split('\n').flatMap((line, index) =>
    traces.flatMap(({ pattern, what }) => {
      const [match] = pattern.exec(line) ?? [];
      return match ? [`${path}:${index + 1} ${what}: ${match}`] : [];
    }),
  );
