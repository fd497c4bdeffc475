// The house style, as far as a tree or a text shows it.
import {
  isCallExpression,
  isExportAssignment,
  isExportDeclaration,
  isFunctionLikeDeclaration,
  isNewExpression,
  isPropertyAccessExpression,
  type Node,
  SyntaxKind,
} from 'typescript/unstable/ast';
import { at, firstLine, lastLine, nodesOf, type Page, type Violation } from './project.ts';

const fileLinesMax = 300;
const functionLinesMax = 70;
const bannedWords = /^(utils?|helpers?|common|misc|managers?|services?|v\d+)$/;
const kebab = /^[a-z0-9]+(-[a-z0-9]+)*(\.test|\.d)?\.(ts|mjs)$/;

export const badNames = (paths: readonly string[]): Violation[] =>
  paths.flatMap((file) => {
    const parts = file.split('/');
    const name = parts.at(-1) ?? '';
    const words = parts.flatMap((part) => part.replace(/\..*$/, '').split('-'));
    const banned = words.find((word) => bannedWords.test(word));
    if (banned) return [`${file}: \`${banned}\` says nothing. Name the noun that is in it.`];
    return kebab.test(name) ? [] : [`${file}: files are called by kebab-case nouns.`];
  });

export const longFiles = (pages: readonly Page[]): Violation[] =>
  pages.flatMap((page) => {
    const lines = page.tree.text.split('\n').length - 1;
    return lines > fileLinesMax
      ? [`${page.path}:${fileLinesMax} has ${lines} lines, ${fileLinesMax} at most. Split it by noun.`]
      : [];
  });

export const longFunctions = (pages: readonly Page[]): Violation[] =>
  pages.flatMap((page) =>
    [...nodesOf(page.tree)].filter(isFunctionLikeDeclaration).flatMap((node) => {
      const lines = lastLine(page, node) - firstLine(page, node) + 1;
      if (lines <= functionLinesMax || holdsTests(page, node)) return [];
      return [
        `${at(page, node)} is a function of ${lines} lines, ${functionLinesMax} at most. Which noun is hiding?`,
      ];
    }),
  );

/** A `describe` and its like are chapters, not functions. */
const holdsTests = (page: Page, node: Node): boolean =>
  page.path.startsWith('tests/') &&
  [...nodesOf(node)].some(
    (inner) =>
      isCallExpression(inner) && /^(describe|suite|it|test)$/.test(inner.expression.getText(page.tree)),
  );

/** No comment at the top: nobody says what the file is. */
export const openings = (pages: readonly Page[]): Violation[] =>
  pages
    .filter(({ tree }) => !/^(#!.*\n)?(\/\/ ?\S|\/\*)/.test(tree.text))
    .map(({ path }) => `${path}:1 opens without a comment. Say in a line or two what the file is.`);

/** Default exports, barrels, `any`, and environments read where they should be given. */
export function badConstructs(pages: readonly Page[]): Violation[] {
  return pages.flatMap((page) => [
    ...[...nodesOf(page.tree)].flatMap((node) => badNode(page, node)),
    ...barrel(page),
  ]);
}

function badNode(page: Page, node: Node): Violation[] {
  if (isExportAssignment(node) || node.kind === SyntaxKind.DefaultKeyword)
    return [`${at(page, node)} exports a default. Export by name.`];
  if (isExportDeclaration(node) && node.moduleSpecifier && !node.exportClause)
    return [`${at(page, node)} exports all of another module. Import from where it is declared.`];
  if (node.kind === SyntaxKind.AnyKeyword)
    return [`${at(page, node)} says \`any\`. Say what it is, or \`unknown\`.`];
  if (!isGivenItsWorld(page.path)) return [];
  const text = isPropertyAccessExpression(node) || isNewExpression(node) ? node.getText(page.tree) : '';
  if (text === 'process.env')
    return [`${at(page, node)} reads process.env. Only streams/ does; take a parameter.`];
  const isClock = text === 'Date.now' || text === 'new Date()' || text === 'Math.random';
  if (isClock && page.path.startsWith('processors/'))
    return [`${at(page, node)} uses ${text}. A processor is given its clock and its seed.`];
  return [];
}

const isGivenItsWorld = (path: string): boolean =>
  /^(schemas|processors|connectors|trainers|samples)\//.test(path);

function barrel(page: Page): Violation[] {
  const { statements } = page.tree;
  const all =
    statements.length > 0 && statements.every((node) => isExportDeclaration(node) && node.moduleSpecifier);
  return all ? [`${page.path}:1 is a barrel. Import from where things are declared.`] : [];
}

const suppression =
  /(?:\/\/|\/\*)\s*(@ts-(?:ignore|expect-error|nocheck)|biome-ignore(?:-\w+)?|eslint-disable\S*)(.*)$/;

/** Checks switched off without a word about why. */
export const silentSuppressions = (pages: readonly Page[]): Violation[] =>
  pages.flatMap(({ path, tree }) =>
    tree.text.split('\n').flatMap((line, index) => {
      const [, directive = '', rest = ''] = suppression.exec(line) ?? [];
      if (directive === '') return [];
      const reason = directive.startsWith('biome') ? rest.replace(/^[^:]*:?/, '') : rest;
      const isReasoned =
        /\w{3,}.*\w{3,}/.test(reason) && directive !== '@ts-ignore' && directive !== '@ts-nocheck';
      return isReasoned
        ? []
        : [`${path}:${index + 1} has a bare ${directive}. Say why, or mend what it hides.`];
    }),
  );
