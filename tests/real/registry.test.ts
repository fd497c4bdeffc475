// The registry contract on a real Confluent-compatible registry (SCHEMA_REGISTRY_URL).
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { it } from 'node:test';
import { openConfluentRegistry } from '../../connectors/registry/confluent.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import { describeRegistry, recordSchema } from '../contract/registry.ts';
import { registryUrl } from './addresses.ts';

const open = () => openConfluentRegistry({ url: registryUrl() });

describeRegistry('Confluent-compatible', open);

it('guards a subject that another client made without any compatibility', async () => {
  const [subject, name] = [`test-${randomUUID()}-value`, `R${randomUUID().replaceAll('-', '')}`];
  const made = await fetch(`${registryUrl()}/subjects/${subject}/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify({ schema: recordSchema(name) }),
  });
  assert.equal(made.status, 200);
  const registry = await open();
  await assert.rejects(
    registry.register(subject, recordSchema(name, { name: 'n', type: 'int' })),
    (error: unknown) => error instanceof Misconfigured && error.code === 'incompatible-schema',
  );
  const level = await fetch(`${registryUrl()}/config/${subject}`);
  assert.equal(((await level.json()) as { compatibilityLevel: string }).compatibilityLevel, 'BACKWARD');
});
