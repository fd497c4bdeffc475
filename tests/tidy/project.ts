// The source files as syntax trees, read by the pinned TypeScript compiler itself.
import path from 'node:path';
import type { Node, SourceFile } from 'typescript/unstable/ast';
import { createVirtualFileSystem } from 'typescript/unstable/fs';
import { API } from 'typescript/unstable/sync';

export interface Page {
  /** Path from the project’s root, with slashes. */
  readonly path: string;
  readonly tree: SourceFile;
}

/** What a house rule found: `file:line what. What to do.` */
export type Violation = string;

/** Every source file of the project at `root`, generated ones left out. The trees stay readable. */
export const pagesOf = (root: string): readonly Page[] => read(new API({ cwd: root }), root);

/** The same for files that exist only in a test. */
export function pagesOfTexts(texts: Readonly<Record<string, string>>): readonly Page[] {
  const root = '/virtual';
  const files = Object.entries(texts).map(([name, text]) => [`${root}/${name}`, text]);
  const config = JSON.stringify({ include: ['**/*.ts'], compilerOptions: { noLib: true } });
  const fs = createVirtualFileSystem(Object.fromEntries([...files, [`${root}/tsconfig.json`, config]]));
  return read(new API({ cwd: root, fs }), root);
}

function read(api: API, root: string): readonly Page[] {
  const config = path.join(root, 'tsconfig.json');
  const snapshot = api.updateSnapshot({ openProjects: [config] });
  try {
    const project = snapshot.getProject(config);
    if (!project) throw new Error(`the compiler does not open ${config}`);
    return project.rootFiles
      .map((file) => ({ file, path: path.relative(root, file).split(path.sep).join('/') }))
      .filter((entry) => !entry.path.includes('generated/'))
      .map((entry) => {
        const tree = project.program.getSourceFile(entry.file);
        if (!tree) throw new Error(`the compiler does not read ${entry.file}`);
        return { path: entry.path, tree };
      });
  } finally {
    snapshot.dispose();
    api.close();
  }
}

/** A node and all below it. */
export function* nodesOf(node: Node): Generator<Node> {
  yield node;
  const below: Node[] = [];
  node.forEachChild((child) => {
    below.push(child);
  });
  for (const child of below) yield* nodesOf(child);
}

const lineAt = (tree: SourceFile, position: number): number =>
  tree.getLineAndCharacterOfPosition(position).line + 1;

export const firstLine = (page: Page, node: Node): number => lineAt(page.tree, node.getStart(page.tree));
export const lastLine = (page: Page, node: Node): number => lineAt(page.tree, node.end);

export const at = (page: Page, node: Node): string => `${page.path}:${firstLine(page, node)}`;
