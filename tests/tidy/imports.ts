// Who may import whom: the folder table of the design, as a rule.
import path from 'node:path';
import {
  isCallExpression,
  isExportDeclaration,
  isImportDeclaration,
  isImportTypeNode,
  isLiteralTypeNode,
  isNewExpression,
  isStringLiteral,
  type Node,
  SyntaxKind,
} from 'typescript/unstable/ast';
import { at, nodesOf, type Page, type Violation } from './project.ts';

export interface Import {
  readonly node: Node;
  readonly specifier: string;
}

const worker = ['schemas', 'processors', 'connectors', 'trainers'];

/** Folders of ours that the files of a folder may import. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  schemas: ['schemas'],
  client: ['client'],
  processors: ['schemas', 'processors'],
  connectors: ['schemas', 'connectors'],
  trainers: worker,
  streams: [...worker, 'streams'],
  samples: [...worker, 'samples'],
  infra: ['schemas', 'connectors', 'infra'],
  'load-tests': [...worker, 'streams', 'infra', 'load-tests'],
  tests: [...worker, 'client', 'streams', 'samples', 'infra', 'load-tests', 'tests'],
};

/** Packages that only some folders may import, and why. */
const reserved: readonly {
  readonly packages: RegExp;
  readonly folders: readonly string[];
  readonly why: string;
}[] = [
  {
    packages: /^onnxruntime-(node|common|web)$/,
    folders: ['processors/inference/', 'streams/doctor/library-probe.ts', 'load-tests/', 'tests/'],
    why: 'models run in processors/inference/ only',
  },
];

/** What needs a socket, a file or a process: nothing for a processor, which is given its world as parameters. */
const worldly = /^(node:)?(fs|fs\/promises|net|http|https|http2|dgram|tls|dns|child_process|cluster)$/;

/** Every module that a page names: imports, exports from, dynamic imports, import types, and `new URL('./x.ts')`. */
export function importsOf(page: Page): readonly Import[] {
  const found: Import[] = [];
  for (const node of nodesOf(page.tree)) {
    const named = specifierOf(node);
    if (named && isStringLiteral(named)) found.push({ node: named, specifier: named.text });
  }
  return found;
}

function specifierOf(node: Node): Node | undefined {
  if (isImportDeclaration(node) || isExportDeclaration(node)) return node.moduleSpecifier;
  if (isCallExpression(node) && node.expression.kind === SyntaxKind.ImportKeyword) return node.arguments[0];
  if (isImportTypeNode(node)) return isLiteralTypeNode(node.argument) ? node.argument.literal : undefined;
  if (!isNewExpression(node) || node.expression.getText() !== 'URL') return undefined;
  const [target, base] = node.arguments ?? [];
  const isModule = target && isStringLiteral(target) && /^\.{1,2}\/.*\.(ts|mjs)$/.test(target.text);
  return isModule && base?.getText() === 'import.meta.url' ? target : undefined;
}

const folderOf = (file: string): string => file.split('/')[0] ?? '';

/** Imports that the folder table or a package’s reservation forbids. */
export function forbiddenImports(pages: readonly Page[]): Violation[] {
  return pages.flatMap((page) =>
    importsOf(page).flatMap((named) => {
      const why = named.specifier.startsWith('.')
        ? whyNotOurs(page.path, named.specifier)
        : whyNotPackage(page.path, named.specifier);
      return why ? [`${at(page, named.node)} imports ${named.specifier}: ${why}.`] : [];
    }),
  );
}

function whyNotOurs(from: string, specifier: string): string | undefined {
  const target = path.posix.normalize(path.posix.join(path.posix.dirname(from), specifier));
  const [folder, other] = [folderOf(from), folderOf(target)];
  const allowed = mayImport[folder];
  if (target.startsWith('../')) return 'it lies outside of the repository';
  if (!allowed) return `${folder}/ has no line in the folder table of tests/tidy/imports.ts`;
  if (!/\.(ts|mjs|js|json)$/.test(target)) return 'a path of ours carries its extension';
  return allowed.includes(other) ? undefined : `${folder}/ may import ${allowed.join(', ')} only`;
}

function whyNotPackage(from: string, specifier: string): string | undefined {
  if (folderOf(from) === 'processors' && worldly.test(specifier))
    return 'a processor has no sockets, files or processes; connectors/ have';
  const reservation = reserved.find(({ packages }) => packages.test(specifier));
  if (!reservation || reservation.folders.some((folder) => from.startsWith(folder))) return undefined;
  return reservation.why;
}
