// A schema registry with Confluent's HTTP interface: Confluent's own, Apicurio (`/apis/ccompat/v7`), Karapace.
import {
  COMPATIBILITY,
  SchemaRegistry as ConfluentRegistry,
  SchemaType,
} from '@kafkajs/confluent-schema-registry';
import { LRUCache } from 'lru-cache';
import { Misconfigured } from '../../schemas/errors.ts';
import type { SchemaRegistry } from '../registry.ts';
import { incompatible, parseSchema } from './compatibility.ts';
import { type HttpOptions, RegistryHttp, refused } from './http.ts';

const schemasMax = 1_000;
const unknownTtlMs = 30_000;

// Levels under which a reader of the new schema can read what the latest one wrote.
const backwardLevels: readonly string[] = ['BACKWARD', 'BACKWARD_TRANSITIVE', 'FULL', 'FULL_TRANSITIVE'];

/** Opens a client; nothing is sent before the first call. */
export async function openConfluentRegistry(options: HttpOptions): Promise<SchemaRegistry> {
  const http = new RegistryHttp(options);
  const registrar = new ConfluentRegistry({
    host: options.url.replace(/\/$/, ''),
    retry: { retries: 0 },
    ...(http.login ? { auth: http.login } : {}),
  });
  const schemas = new LRUCache<number, { readonly text: string | null }>({
    max: schemasMax,
    fetchMethod: async (id, _stale, { options: entry }) => {
      const text = await findSchema(http, id);
      if (text === null) entry.ttl = unknownTtlMs;
      return { text };
    },
  });
  const registered = new LRUCache<string, { readonly id: number }>({
    max: schemasMax,
    fetchMethod: async (subjectAndText) => {
      const [subject = '', avro = ''] = JSON.parse(subjectAndText) as string[];
      return { id: await register(http, registrar, subject, avro) };
    },
  });
  return {
    register: async (subject, avro) => (await registered.forceFetch(JSON.stringify([subject, avro]))).id,
    schema: async (id) => (await schemas.forceFetch(id)).text,
    async subjects() {
      return (await http.get<string[]>('/subjects')) ?? [];
    },
    async close() {},
  };
}

async function findSchema(http: RegistryHttp, id: number): Promise<string | null> {
  const found = await http.get<{ schema: string; schemaType?: string }>(`/schemas/ids/${id}`);
  return found && (found.schemaType ?? 'AVRO') === 'AVRO' ? found.schema : null;
}

async function register(
  http: RegistryHttp,
  registrar: ConfluentRegistry,
  subject: string,
  avro: string,
): Promise<number> {
  parseSchema(subject, avro);
  const path = `/subjects/${encodeURIComponent(subject)}`;
  const latest = await http.get<{ version: number }>(`${path}/versions/latest`);
  let level: string = COMPATIBILITY.BACKWARD;
  if (latest) {
    // A subject that somebody made without a level has the registry's default, which for Apicurio checks nothing.
    level = await ensureBackward(http, subject);
    const same = await http.post<{ id: number }>(path, { schema: avro });
    if (same) return same.id;
    await checkCompatible(http, subject, avro);
  }
  try {
    const options = { subject, compatibility: level as COMPATIBILITY };
    return (await registrar.register({ type: SchemaType.AVRO, schema: avro }, options)).id;
  } catch (error) {
    throw refused(error, subject);
  }
}

async function ensureBackward(http: RegistryHttp, subject: string): Promise<string> {
  const path = `/config/${encodeURIComponent(subject)}`;
  const level = (await http.get<{ compatibilityLevel: string }>(path))?.compatibilityLevel;
  if (level && backwardLevels.includes(level)) return level;
  await http.put(path, { compatibility: COMPATIBILITY.BACKWARD });
  return COMPATIBILITY.BACKWARD;
}

async function checkCompatible(http: RegistryHttp, subject: string, avro: string): Promise<void> {
  const path = `/compatibility/subjects/${encodeURIComponent(subject)}/versions/latest?verbose=true`;
  const answer = await http.post<{ is_compatible: boolean; messages?: string[] }>(path, { schema: avro });
  if (!answer)
    throw new Misconfigured(`The schema registry lost subject ${subject} while it was asked about it.`, {
      code: 'subject-vanished',
      fix: 'Find out who deletes subjects, then start again.',
    });
  if (!answer.is_compatible)
    throw incompatible(subject, answer.messages?.join('; ') ?? 'the registry gives no reason');
}
