// YAML text as plain lines: each key with its place, its value, and the keys below it.
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
} from 'yaml';
import type { Problem } from './problem.ts';

export interface Line {
  readonly name: string;
  /** `file:line`. */
  readonly place: string;
  /** The whole value, as plain data. */
  readonly value: unknown;
  /** What the value holds where it is a mapping. */
  readonly below: readonly Line[];
}

type YamlPair = Pair<Node, Node | null>;

/** The top-level lines of a YAML text; what is wrong with it is added to `problems`, and nothing is returned then. */
export function linesOf(content: string, file: string, problems: Problem[]): readonly Line[] {
  const counter = new LineCounter();
  const document = parseDocument(content, { lineCounter: counter });
  for (const error of document.errors) {
    const what = (error.message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '');
    const line = error.linePos?.[0].line ?? 1;
    problems.push({ place: `${file}:${line}`, what: `not YAML: ${what}`, fix: 'Correct the line.' });
  }
  if (document.errors.length > 0 || document.contents === null) return [];
  if (isMap(document.contents))
    return linesIn(document.contents.items as YamlPair[], file, counter, document);
  problems.push({
    place: `${file}:1`,
    what: 'expected `key: value` lines',
    fix: 'docs/configuration.md has an example.',
  });
  return [];
}

function linesIn(
  pairs: readonly YamlPair[],
  file: string,
  counter: LineCounter,
  document: Document,
): readonly Line[] {
  return pairs.map(({ key, value }) => {
    const start = isNode(key) ? key.range?.[0] : undefined;
    const node = isAlias(value) ? value.resolve(document) : value;
    return {
      name: isScalar(key) ? String(key.value) : String(key),
      place: start === undefined ? file : `${file}:${counter.linePos(start).line}`,
      value: node?.toJS(document) ?? null,
      below: isMap(node) ? linesIn(node.items as YamlPair[], file, counter, document) : [],
    };
  });
}
