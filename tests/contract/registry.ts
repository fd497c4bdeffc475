// What every schema registry must do. Subjects are new in each run, so that a registry that lives on can be tested
// again and again.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { SchemaRegistry } from '../../connectors/registry.ts';
import { Misconfigured } from '../../schemas/errors.ts';

const newSubject = (): string => `test-${randomUUID()}-value`;

/** A record schema whose name is new, so that its text is too. */
export function recordSchema(name: string, ...fields: readonly object[]): string {
  return JSON.stringify({ type: 'record', name, fields: [{ name: 'id', type: 'string' }, ...fields] });
}
const newName = (): string => `R${randomUUID().replaceAll('-', '')}`;
const isIncompatible = (error: unknown): boolean =>
  error instanceof Misconfigured && error.code === 'incompatible-schema' && error.fix.length > 0;

export function describeRegistry(name: string, open: () => Promise<SchemaRegistry>): void {
  describe(`registry contract: ${name}`, { timeout: 60_000 }, () => {
    let registry: SchemaRegistry;
    before(async () => {
      registry = await open();
    });
    after(() => registry.close());

    it('returns the text of what was registered, and lists the subject', async () => {
      const [subject, avro] = [newSubject(), recordSchema(newName())];
      const id = await registry.register(subject, avro);
      assert.ok(Number.isInteger(id) && id > 0);
      assert.deepEqual(JSON.parse((await registry.schema(id)) ?? ''), JSON.parse(avro));
      assert.ok((await registry.subjects()).includes(subject));
    });

    it('returns the same id for what is there already, also to callers at once', async () => {
      const [subject, avro] = [newSubject(), recordSchema(newName())];
      const ids = await Promise.all(Array.from({ length: 8 }, () => registry.register(subject, avro)));
      assert.equal(new Set(ids).size, 1);
      const again = await open();
      assert.equal(await again.register(subject, avro), ids[0]);
      await again.close();
    });

    it('accepts a schema that can read what the latest one wrote, under a new id', async () => {
      const [subject, record] = [newSubject(), newName()];
      const first = await registry.register(subject, recordSchema(record));
      const widened = recordSchema(record, { name: 'language', type: 'string', default: 'und' });
      const second = await registry.register(subject, widened);
      assert.ok(second > first);
      assert.deepEqual(JSON.parse((await registry.schema(first)) ?? ''), JSON.parse(recordSchema(record)));
    });

    it('refuses a schema that cannot, and keeps what it has', async () => {
      const [subject, record] = [newSubject(), newName()];
      await registry.register(subject, recordSchema(record));
      const demanding = recordSchema(record, { name: 'language', type: 'string' });
      const retyped = JSON.stringify({ type: 'record', name: record, fields: [{ name: 'id', type: 'int' }] });
      await assert.rejects(registry.register(subject, demanding), isIncompatible);
      await assert.rejects(registry.register(subject, retyped), isIncompatible);
      const widened = recordSchema(record, { name: 'n', type: ['null', 'string'], default: null });
      assert.ok((await registry.register(subject, widened)) > 0);
    });

    it('refuses what is not Avro', async () => {
      for (const text of ['{', '{"type":"no-such-type"}'])
        await assert.rejects(
          registry.register(newSubject(), text),
          (error) => error instanceof Misconfigured && error.code === 'invalid-schema',
        );
    });

    it('says null for an id it does not know', async () => {
      assert.equal(await registry.schema(2_000_000_000), null);
      assert.equal(await registry.schema(2_000_000_000), null);
    });
  });
}
