// Jars of the broker and of the schema registry, fetched once through Maven into .kafka/jars/.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Misconfigured } from '../../schemas/errors.ts';

const kafkaVersion = '4.3.1';
const registryVersion = '2.6.13.Final';
const javaMajorMin = 17;

/** Everything this folder makes lives here, outside git. */
export const kafkaHome = fileURLToPath(new URL('../../.kafka/', import.meta.url));

/** Throws `Misconfigured` with what to install when there is no Java that can run Kafka. */
export function checkJava(): void {
  const { error, stderr } = spawnSync('java', ['-version'], { encoding: 'utf8' });
  const major = Number(/version "(\d+)/.exec(stderr ?? '')?.[1] ?? 0);
  if (!error && major >= javaMajorMin) return;
  throw new Misconfigured(error ? 'There is no `java` on the PATH.' : `Java ${major} is too old for Kafka.`, {
    code: 'java-missing',
    fix: `Install a Java ${javaMajorMin} runtime or newer, for example: apt-get install openjdk-17-jre-headless`,
    cause: error,
  });
}

/** Folder with the broker's jars, fetched when they are not there yet (44 MB). */
export function fetchKafka(say: (line: string) => void): Promise<string> {
  return fetchOnce(`kafka-${kafkaVersion}`, say, (into) => [
    'dependency:copy-dependencies',
    '-DincludeScope=runtime',
    `-DoutputDirectory=${into}`,
  ]);
}

/** Folder with the schema registry, fetched when it is not there yet (142 MB). */
export function fetchRegistry(say: (line: string) => void): Promise<string> {
  return fetchOnce(`apicurio-registry-${registryVersion}`, say, (into) => [
    'dependency:unpack',
    `-Dartifact=io.apicurio:apicurio-registry-app:${registryVersion}:tar.gz:all`,
    `-DoutputDirectory=${into}`,
  ]);
}

/** Path of the registry's runnable jar inside its folder. */
export const registryJar = (folder: string): string =>
  join(folder, `apicurio-registry-app-${registryVersion}-runner.jar`);

// Fetches beside the final place and renames: a folder that exists is whole, an interrupted one is fetched again
// (Maven keeps what it has in its own cache).
async function fetchOnce(
  name: string,
  say: (line: string) => void,
  goal: (into: string) => string[],
): Promise<string> {
  const folder = join(kafkaHome, 'jars', name);
  if (existsSync(folder)) return folder;
  say(`fetching ${name} jars through Maven…`);
  const partial = `${folder}.${process.pid}.partial`;
  const work = `${partial}.maven`;
  await mkdir(partial, { recursive: true });
  try {
    await runMaven([...goal(partial), `-Dmillrace.work=${work}`]);
    await rename(partial, folder);
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return folder;
}

function runMaven(goal: readonly string[]): Promise<void> {
  const pom = fileURLToPath(new URL('pom.xml', import.meta.url));
  return new Promise((resolve, reject) => {
    const maven = spawn('mvn', ['-q', '-B', '-f', pom, ...goal], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const keep = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-4_000);
    };
    maven.stdout.on('data', keep);
    maven.stderr.on('data', keep);
    maven.on('error', (cause) => {
      const fix = 'Install Maven, for example: apt-get install maven';
      reject(new Misconfigured('There is no `mvn` on the PATH.', { code: 'maven-missing', fix, cause }));
    });
    maven.on('close', (code) => {
      if (code === 0) return resolve();
      const fix =
        'Check the network and Maven’s settings (~/.m2/settings.xml), then start again: it resumes.';
      reject(new Misconfigured(`Maven could not fetch the jars:\n${output}`, { code: 'fetch-failed', fix }));
    });
  });
}
