// A schema registry in one JSON file, for one process: everything is in memory, every registration is written
// through before it is answered.
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Misconfigured } from '../../schemas/errors.ts';
import type { SchemaRegistry } from '../registry.ts';
import { checkBackward, parseSchema } from './compatibility.ts';

interface Version {
  readonly id: number;
  readonly subject: string;
  readonly schema: string;
}

/** Opens the file, or begins a new one. Throws `Misconfigured` when it is damaged or cannot be written. */
export async function openEmbeddedRegistry({ file }: { readonly file: string }): Promise<SchemaRegistry> {
  const registry = new EmbeddedRegistry(file, await readVersions(file));
  await writing(file, () => mkdir(dirname(file), { recursive: true }));
  return registry;
}

class EmbeddedRegistry implements SchemaRegistry {
  readonly #file: string;
  #versions: readonly Version[];
  #turn: Promise<unknown> = Promise.resolve();

  constructor(file: string, versions: readonly Version[]) {
    this.#file = file;
    this.#versions = versions;
  }

  /** Registrations happen one after the other, so that ids ascend and each is checked against its predecessor. */
  register(subject: string, avro: string): Promise<number> {
    const turn = this.#turn.then(() => this.#register(subject, avro));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async schema(id: number): Promise<string | null> {
    return this.#versions.find((version) => version.id === id)?.schema ?? null;
  }

  async subjects(): Promise<readonly string[]> {
    return [...new Set(this.#versions.map(({ subject }) => subject))].sort();
  }

  async close(): Promise<void> {
    await this.#turn;
  }

  async #register(subject: string, avro: string): Promise<number> {
    parseSchema(subject, avro);
    const same = this.#versions.filter(({ schema }) => normal(schema) === normal(avro));
    const registered = same.find((version) => version.subject === subject);
    if (registered) return registered.id;
    const latest = this.#versions.findLast((version) => version.subject === subject);
    if (latest) checkBackward(subject, avro, latest.schema);
    // As in Confluent's registry, one schema has one id under whatever subjects.
    const id = same[0]?.id ?? Math.max(0, ...this.#versions.map((version) => version.id)) + 1;
    const versions = [...this.#versions, { id, subject, schema: avro }];
    await writeVersions(this.#file, versions);
    this.#versions = versions;
    return id;
  }
}

const normal = (schema: string): string => JSON.stringify(JSON.parse(schema));

async function readVersions(file: string): Promise<readonly Version[]> {
  const fix =
    'Restore the file from a copy, or move it away to begin anew (topics with Avro records then need it back).';
  try {
    const { versions } = JSON.parse(await readFile(file, 'utf8')) as { versions?: unknown };
    if (Array.isArray(versions) && versions.every(isVersion)) return versions;
    throw new Error('it holds no list of versions');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
    const message = `The schema registry’s file ${file} cannot be read: ${(cause as Error).message}`;
    throw new Misconfigured(message, { code: 'registry-damaged', fix, cause });
  }
}

function isVersion(value: unknown): value is Version {
  const { id, subject, schema } = (value ?? {}) as Partial<Version>;
  return Number.isInteger(id) && typeof subject === 'string' && typeof schema === 'string';
}

// Written beside the old file, flushed and renamed over it: a crash leaves the one or the other, whole.
async function writeVersions(file: string, versions: readonly Version[]): Promise<void> {
  await writing(file, async () => {
    const next = `${file}.next`;
    const handle = await open(next, 'w');
    try {
      await handle.writeFile(`${JSON.stringify({ versions }, null, 2)}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(next, file);
  });
}

async function writing(file: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    throw new Misconfigured(
      `The schema registry’s file ${file} cannot be written: ${(cause as Error).message}`,
      {
        code: 'registry-unwritable',
        fix: 'Make its folder writable for this user, free space on the disk, or choose another data directory.',
        cause,
      },
    );
  }
}
