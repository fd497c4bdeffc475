// The house rules as a test. Each rule is first shown to find what it forbids, then held against the repository.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { forbiddenImports, importsOf } from './tidy/imports.ts';
import { badDependencies, machineTraces, type PackageFile, packageOf } from './tidy/paperwork.ts';
import { type Page, pagesOf, pagesOfTexts, type Violation } from './tidy/project.ts';
import {
  badConstructs,
  badNames,
  longFiles,
  longFunctions,
  openings,
  silentSuppressions,
} from './tidy/style.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const pages = pagesOf(root);
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');

/** Files under version control or about to be; a clone without git has nothing that is ignored. */
const tracked = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file !== '' && existsSync(path.join(root, file)));

function assertNone(violations: readonly Violation[]): void {
  if (violations.length > 0) assert.fail(`${violations.length} found:\n${violations.join('\n')}`);
}

/** The pages that a rule complains about, as `path:line` or `path`. */
const places = (violations: readonly Violation[]): string[] =>
  violations.map((violation) => /^[^\s:]+(:\d+)?/.exec(violation)?.[0] ?? '').sort();

const page = (text: string, name = 'schemas/x.ts'): readonly Page[] => pagesOfTexts({ [name]: text });

describe('imports', () => {
  it('of the folder table are found out in every form', () => {
    const bad = pagesOfTexts({
      'schemas/a.ts': "import { x } from '../processors/x.ts';",
      'processors/b.ts': "export { x } from '../connectors/x.ts';\nimport '../schemas/x.ts';",
      'connectors/c.ts':
        "const x = await import('../streams/x.ts');\ntype Y = import('../processors/y.ts').Y;",
      'trainers/d.ts':
        "new Worker(new URL('../streams/x.ts', import.meta.url));\nnew URL('../models/', import.meta.url);",
      'streams/e.ts': "import type { T } from '../tests/x.ts';\nimport '../trainers/x.ts';",
      'processors/f.ts': "import net from 'node:net';\nimport { Tensor } from 'onnxruntime-node';",
      'processors/inference/g.ts': "import { Tensor } from 'onnxruntime-node';",
      'connectors/h.ts': "import '../schemas/x';\nimport '../../elsewhere/x.ts';\nimport 'kafkajs';",
    });
    assert.deepEqual(places(forbiddenImports(bad)), [
      'connectors/c.ts:1',
      'connectors/c.ts:2',
      'connectors/h.ts:1',
      'connectors/h.ts:2',
      'processors/b.ts:1',
      'processors/f.ts:1',
      'processors/f.ts:2',
      'schemas/a.ts:1',
      'streams/e.ts:1',
      'trainers/d.ts:1',
    ]);
  });

  it('follow the folder table', () => assertNone(forbiddenImports(pages)));
});

describe('files', () => {
  it('with empty names, too many lines or no opening are found out', () => {
    const names = [
      'streams/string-utils.ts',
      'streams/common/x.ts',
      'streams/runLoop.ts',
      'streams/api-v2.ts',
    ];
    assert.deepEqual(places(badNames([...names, 'streams/run.ts', 'tests/run.test.ts'])), names.sort());
    assert.deepEqual(places(longFiles(page('x;\n'.repeat(301)))), ['schemas/x.ts:300']);
    assert.deepEqual(longFiles(page('x;\n'.repeat(300))), []);
    assert.deepEqual(places(openings(page('const x = 1;'))), ['schemas/x.ts:1']);
    assert.deepEqual(openings(page('#!/usr/bin/env node\n// The command.\n')), []);
  });

  it('are called by kebab-case nouns', () =>
    assertNone(badNames(tracked.filter((file) => /\.(ts|mjs)$/.test(file) && !file.includes('generated/')))));
  it('have at most 300 lines', () => assertNone(longFiles(pages)));
  it('open with what they are', () => assertNone(openings(pages)));
});

describe('functions', () => {
  const body = 'x();\n'.repeat(70);

  it('that are too long are found out, chapters of tests are not', () => {
    const forms = [`function f() {\n${body}}`, `const f = () => {\n${body}};`, `class C { m() {\n${body}} }`];
    for (const form of forms) assert.equal(longFunctions(page(form)).length, 1, form.slice(0, 12));
    const chapter = `describe('x', () => {\nit('y', () => {});\n${body}});`;
    assert.deepEqual(longFunctions(page(chapter, 'tests/x.test.ts')), []);
    assert.equal(longFunctions(page(chapter)).length, 1);
  });

  it('have at most 70 lines', () => assertNone(longFunctions(pages)));
});

describe('constructs', () => {
  it('that the house does not use are found out', () => {
    const bad = {
      'schemas/a.ts': 'export default 1;',
      'schemas/b.ts': 'export default function f() {}',
      'schemas/c.ts': "export * from './x.ts';\nconst y = 1;",
      'schemas/d.ts': "export { x } from './x.ts';",
      'schemas/e.ts': 'const x: any = 1;',
      'connectors/f.ts': 'const x = process.env.HOME;',
      'processors/g.ts': 'const x = Date.now();\nconst y = new Date();\nconst z = new Date(1);',
      'streams/h.ts': 'const x = process.env.HOME ?? Date.now();',
    };
    assert.deepEqual(places(badConstructs(pagesOfTexts(bad))), [
      'connectors/f.ts:1',
      'processors/g.ts:1',
      'processors/g.ts:2',
      'schemas/a.ts:1',
      'schemas/b.ts:1',
      'schemas/c.ts:1',
      'schemas/d.ts:1',
      'schemas/e.ts:1',
    ]);
  });

  it('that switch checks off need a reason', () => {
    const directive = (name: string): string => `x; // ${name}`;
    const bad = [
      directive('@ts-ignore because of the library'),
      directive('@ts-expect-error'),
      directive('biome-ignore lint/style/x:'),
      directive('biome-ignore lint/style/x'),
    ];
    const good = [
      directive('@ts-expect-error the type of version 2 lacks this'),
      directive('biome-ignore lint/style/x: order is the guarantee'),
    ];
    assert.equal(silentSuppressions(page([...bad, ...good].join('\n'))).length, bad.length);
  });

  it('are those of the house', () => assertNone(badConstructs(pages)));
  it('switch no check off without a reason', () => assertNone(silentSuppressions(pages)));
});

describe('paperwork', () => {
  it('that is missing is found out', () => {
    const file = { dependencies: { a: '1.0.0', b: '^1.0.0', c: '1.0.0' }, scripts: { x: 'c --run' } };
    assert.deepEqual(
      badDependencies(file, '- `a`: does a.\n- `b`: does b.\n- `z`: gone.', new Set(['a', '@x/y'])),
      [
        'package.json: `b` is imported nowhere. Use it or remove it.',
        'package.json: `b` is not pinned (^1.0.0). Name one version.',
        'docs/dependencies.md: `c` has no line. Say why it is here.',
        'docs/dependencies.md: `z` is no dependency any more. Remove the line.',
        'package.json: `@x/y` is imported but not declared.',
      ],
    );
    const traces = ['"resolved": "https://reg', 'istry.npmjs.org/a"'].join('');
    assert.equal(machineTraces('x', traces).length, 1);
    assert.equal(machineTraces('x', ['cd "/wo', 'rk/main"'].join('')).length, 1);
    assert.deepEqual(machineTraces('x', 'https://example.com/home/page and streams/work/x'), []);
  });

  it('gives every dependency a reason, a use and one version', () => {
    const specifiers = pages.flatMap((entry) =>
      importsOf(entry).map(({ specifier }) => packageOf(specifier)),
    );
    const scripts = tracked
      .filter((file) => file.endsWith('.mjs'))
      .flatMap((file) => [...read(file).matchAll(/(?:from |import\()'([^']+)'/g)]);
    const imported = new Set([...specifiers, ...scripts.map(([, name = '']) => packageOf(name))]);
    const names = new Set([...imported].filter((name) => name !== undefined));
    assertNone(
      badDependencies(JSON.parse(read('package.json')) as PackageFile, read('docs/dependencies.md'), names),
    );
  });

  it('names no registry and no path of one machine', () => {
    const texts = tracked.filter(
      (file) =>
        /(^|\/)(Dockerfile|run|\.npmrc|[^.]+)$|\.(ts|mjs|js|json|md|ya?ml|xml|sql|sh|properties|toml)$/.test(
          file,
        ) && statSync(path.join(root, file)).size < 4_000_000,
    );
    assertNone(texts.flatMap((file) => machineTraces(file, read(file))));
  });

  it('pins what npm installs and hides where it came from', () => {
    assert.match(read('.npmrc'), /^omit-lockfile-registry-resolved=true$/m);
    assert.match(read('.npmrc'), /^save-exact=true$/m);
    assert.doesNotMatch(read('package-lock.json'), /"resolved": "http/);
  });
});
