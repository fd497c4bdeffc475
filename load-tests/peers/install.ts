// Fetches and builds what the peers need: Python packages, jars, models, the verifier's references. Again is cheap.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Misconfigured } from '../../schemas/errors.ts';
import {
  home,
  type JavaPeer,
  javaFolder,
  makeHome,
  modelFile,
  type PythonSet,
  python,
  sources,
} from './places.ts';

const pythonSets: readonly PythonSet[] = ['python', 'bytewax', 'faust'];
const javaPeers: Readonly<Record<JavaPeer, string>> = { kstreams: 'KStreamsPeer', flink: 'FlinkPeer' };

/** Installs everything, about 1.5 GB. Throws `Misconfigured` when a program is missing or a step fails. */
export function install(say: (line: string) => void): void {
  makeHome();
  for (const set of pythonSets) installPython(set, say);
  for (const peer of Object.keys(javaPeers) as JavaPeer[]) installJava(peer, say);
  if (existsSync(modelFile('heavy'))) return;
  say('making the two models…');
  step(python('python'), ['-B', join(sources, 'python', 'make_models.py')], { PEERS_HOME: home });
}

function installPython(set: PythonSet, say: (line: string) => void): void {
  const lock = join(sources, 'python', `requirements-${set}.txt`);
  const folder = dirname(dirname(python(set)));
  once(folder, readFileSync(lock, 'utf8'), () => {
    say(`fetching the Python packages of requirements-${set}.txt…`);
    step('python3', ['-m', 'venv', '--clear', folder]);
    step(python(set), [
      ...['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '-r', lock],
    ]);
  });
}

function installJava(peer: JavaPeer, say: (line: string) => void): void {
  const folder = javaFolder(peer);
  const [libs, classes] = [join(folder, 'libs'), join(folder, 'classes')];
  const pom = join(sources, 'java', peer, 'pom.xml');
  const files = ['Contract', javaPeers[peer]].map((name) => join(sources, 'java', `${name}.java`));
  const inputs = [pom, ...files].map((file) => readFileSync(file, 'utf8')).join('\n');
  once(folder, inputs, () => {
    say(`fetching and building ${peer}…`);
    const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${libs}`];
    step('mvn', ['-q', '-B', '-f', pom, ...goal]);
    mkdirSync(classes, { recursive: true });
    step('javac', ['-nowarn', '-cp', `${libs}/*`, '-d', classes, ...files]);
  });
}

/** Does the work unless the folder says that it was done from the same inputs. */
function once(folder: string, inputs: string, work: () => void): void {
  const note = join(folder, 'installed-from');
  if (existsSync(note) && readFileSync(note, 'utf8') === inputs) return;
  mkdirSync(folder, { recursive: true });
  work();
  writeFileSync(note, inputs);
}

function step(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): void {
  const done = spawnSync(program, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
  });
  if (done.status === 0) return;
  const fix = done.error
    ? `Install it, for example: apt-get install ${packages[program] ?? program}`
    : 'Mend what it says, then run `npm run peers -- install` again: it resumes.';
  throw new Misconfigured(
    `\`${program} ${args.join(' ')}\` failed:\n${done.error ?? done.stderr.slice(-4_000)}`,
    {
      code: 'peer-install-failed',
      fix,
    },
  );
}

const packages: Readonly<Record<string, string>> = {
  python3: 'python3-venv',
  mvn: 'maven',
  javac: 'openjdk-17-jdk-headless',
};
