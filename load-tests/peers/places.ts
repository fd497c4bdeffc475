// Where the peers' files are: sources beside this one, everything fetched, built or written in an ignored folder.
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const sources = fileURLToPath(new URL('.', import.meta.url));
export const repository = fileURLToPath(new URL('../../', import.meta.url));
/** About 1.5 GB when everything is installed. */
export const home = join(repository, '.cache', 'peers');
export const brokerData = join(home, 'broker');
export const brokerPort = 29_192;

export type PythonSet = 'python' | 'bytewax' | 'faust';
export type JavaPeer = 'kstreams' | 'flink';

export const python = (set: PythonSet): string => join(home, `venv-${set}`, 'bin', 'python');
export const javaFolder = (peer: JavaPeer): string => join(home, 'java', peer);
export const modelFile = (model: string): string => join(home, 'data', `${model}.onnx`);

/** Makes the ignored folder and the two that runs write to. */
export function makeHome(): void {
  for (const folder of ['data', 'runs']) mkdirSync(join(home, folder), { recursive: true });
}

export const isInstalled = (): boolean => existsSync(modelFile('heavy')) && existsSync(python('python'));
