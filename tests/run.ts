// Runs the tests: `node infra/compiled.mjs tests/run.ts [suite…]`. Without a suite: all that need nothing but Node.
// `real`: those that need Kafka, a registry or Redis. Anything else: test files whose path contains it.
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { finished } from 'node:stream/promises';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';
import { compileTogether } from '../infra/compiled.mjs';

const root = fileURLToPath(new URL('.', import.meta.url));

const testFiles = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .map((file) => file.split(path.sep).join('/'))
  .filter((file) => file.endsWith('.test.ts'))
  .sort();

const isReal = (file: string): boolean => file.startsWith('real/');

/** Files of a suite; none when nothing is called so. */
function filesOf(suite: string): string[] {
  if (suite === 'real') return testFiles.filter(isReal);
  return testFiles.filter((file) => `tests/${file}`.includes(suite.replace(/^\.\//, '')));
}

const suites = process.argv.slice(2);
const unknown = suites.filter((suite) => filesOf(suite).length === 0);
const chosen = suites.length === 0 ? testFiles.filter((file) => !isReal(file)) : suites.flatMap(filesOf);
const files = [...new Set(chosen)].map((file) => path.join(root, file));

for (const suite of unknown) process.stderr.write(`No test file is called like \`${suite}\`.\n`);
if (unknown.length > 0 || files.length === 0) process.exit(2);

const totals = { tests: 0, pass: 0, fail: 0, cancelled: 0 };

// Servers are shared by the real suites, and some of those wait for each other’s groups.
const concurrency = suites.includes('real') ? 2 : 3;
const events = run({ files: [...(await compileTogether(files))], concurrency, timeout: 600_000 });
events.on('test:diagnostic', ({ message, nesting, file }) => {
  const [, name = '', count = ''] = /^(\w+) (\d+)$/.exec(message) ?? [];
  if (nesting === 0 && file === undefined && name in totals)
    totals[name as keyof typeof totals] = Number(count);
});
const report = events.compose(new spec());
report.pipe(process.stdout, { end: false });
await finished(report);

const failed = totals.fail + totals.cancelled;
if (totals.tests === 0) process.stderr.write('No test ran.\n');
process.exitCode = failed > 0 || totals.tests === 0 ? 1 : 0;
process.stdout.write(`${totals.pass} passed, ${failed} failed\n`);
