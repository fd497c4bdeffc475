// Runs TypeScript: `node infra/compiled.mjs <program.ts> [argument…]`, or `importCompiled` from the entry of a thread. A
// program and all that it imports are put into one file, with others beside it for what it imports later: to load a
// thousand modules one by one takes three times as long. What was compiled is kept in node_modules/.cache and made anew
// when a source has changed. `node infra/compiled.mjs --only <program.ts>…` compiles without running, for images.
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const cache = join(root, 'node_modules/.cache/millrace');
/** The program that runs another: `node <compiler> <program.ts> [argument…]`. */
export const compiler = fileURLToPath(import.meta.url);
/** Builds of a program that are kept, and how long the others are: one that runs may still import from its own. */
const buildsKept = 4;
const keptMs = 3_600_000;

export async function importCompiled(entry) {
  const file = await compiled(fileURLToPath(entry));
  // Errors name the lines of the sources.
  process.setSourceMapsEnabled(true);
  return import(pathToFileURL(file).href);
}

/** Where a program is, compiled. */
async function compiled(program) {
  const folder = join(cache, relative(root, program).replaceAll(/[^\w.-]/g, '_'));
  const build = (await current(folder)) ?? (await renewed(program, folder));
  return join(folder, build, 'program.js');
}

export async function compileTogether(files) {
  const folder = join(cache, 'together');
  const names = files.map((file) => relative(root, file).replace(/\.ts$/, ''));
  const build = newBuild();
  await compile(Object.fromEntries(names.map((name, at) => [name, files[at]])), join(folder, build));
  await removeOld(folder);
  return names.map((name) => join(folder, build, `${name}.js`));
}

/** The newest build where all its sources are as they were; null where one is not, or nothing readable is there. */
async function current(folder) {
  try {
    const { build, sources } = JSON.parse(await readFile(join(folder, 'current.json'), 'utf8'));
    const same = await Promise.all(sources.map(isAsItWas));
    return same.every(Boolean) ? build : null;
  } catch {
    return null;
  }
}

/** Times change where files are copied, as into an image: then the content counts. */
const isAsItWas = async ({ file, state, digest }) =>
  (await stateOf(file)) === state || (await digestOf(file)) === digest;

async function stateOf(file) {
  const { mtimeMs, size } = await stat(join(root, file));
  return `${mtimeMs}/${size}`;
}

const digestOf = async (file) =>
  createHash('sha256')
    .update(await readFile(join(root, file)))
    .digest('base64');

/** Returns the name of a new build. Of several processes that compile at once each makes its own; the last one stays. */
async function renewed(program, folder) {
  const build = newBuild();
  const inputs = await compile({ program }, join(folder, build));
  const sources = await Promise.all(
    [relative(root, compiler), ...inputs].map(async (file) => ({
      file,
      state: await stateOf(file),
      digest: await digestOf(file),
    })),
  );
  const draft = join(folder, `${build}.json`);
  await writeFile(draft, JSON.stringify({ build, sources }));
  await rename(draft, join(folder, 'current.json'));
  await removeOld(folder);
  return build;
}

/** Names that sort by their time. */
const newBuild = () => `${Date.now().toString(36)}-${process.pid}-${Math.random().toString(36).slice(2, 8)}`;

/** Returns the files that went in, relative to the root. */
async function compile(entryPoints, outdir) {
  await mkdir(outdir, { recursive: true }).catch((error) => {
    throw new Error(
      `compiled programs are kept in ${cache}, which cannot be written: ${error.message}. Let this user write there, or compile once as another one: node infra/compiled.mjs --only <program.ts>…`,
    );
  });
  // Loaded only where something has to be compiled.
  const { build } = await import('esbuild');
  const { metafile } = await build({
    ...{ entryPoints, outdir, absWorkingDir: root },
    ...{ bundle: true, splitting: true, packages: 'external', metafile: true, define: places },
    ...{ platform: 'node', format: 'esm', target: 'node20', sourcemap: 'linked', logLevel: 'silent' },
    plugins: [{ name: 'places', setup: keepPlaces }],
  });
  return Object.keys(metafile.inputs);
}

/** A module finds what lies beside it where it was written, not where it was compiled to. */
const places = { 'import.meta.url': 'moduleUrl', 'import.meta.dirname': 'moduleFolder' };

function keepPlaces({ onLoad }) {
  onLoad({ filter: /\.(ts|mjs)$/ }, async ({ path }) => {
    const text = await readFile(path, 'utf8');
    if (!text.includes('import.meta')) return undefined;
    const [url, folder] = [pathToFileURL(path).href, dirname(path)].map((value) => JSON.stringify(value));
    // On the first line, so that the others keep their numbers.
    const contents = `const moduleUrl = ${url}, moduleFolder = ${folder}; ${text}`;
    return { contents, loader: path.endsWith('.ts') ? 'ts' : 'js' };
  });
}

async function removeOld(folder) {
  const entries = await readdir(folder, { withFileTypes: true });
  const builds = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const isOld = (name) => Date.now() - Number.parseInt(name, 36) > keptMs;
  const old = builds.sort().slice(0, -buildsKept).filter(isOld);
  await Promise.all(old.map((name) => rm(join(folder, name), { recursive: true, force: true })));
}

// Paths with links in them are told as they were written.
if (process.argv[1] !== undefined && (await realpath(process.argv[1]).catch(() => null)) === compiler) {
  process.argv.splice(1, 1);
  if (process.argv[1] === '--only')
    for (const program of process.argv.slice(2)) await compiled(resolve(program));
  else await importCompiled(pathToFileURL(process.argv[1]));
}
