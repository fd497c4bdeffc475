// What a route is warmed up with: records that it can read, few enough, and none of them left over.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FieldReader } from '../../../connectors/wire/field-reader.ts';
import { hashText } from '../../../processors/inference/hashed/hashing.ts';
import type { TokenRows } from '../../../processors/inference/model.ts';
import { hashingSchema } from '../../../schemas/model-hashing.ts';
import type { ManifestOf } from '../../../schemas/model-manifest.ts';
import { routeList } from '../../../streams/configuration/route-settings.ts';
import { createRouteProcess, type RouteEngine } from '../../../streams/routes/route-process.ts';
import { warmUp } from '../../../streams/routes/warm-up.ts';
import { recordOf } from '../../e2e/running.ts';

const names = { text: 'body', id: 'number' };
const manifest = {
  kind: 'hashed',
  task: 'small',
  release: 'small@1.0.0',
  labels: ['low', 'high'],
  activation: 'softmax',
  emptyLabel: 'none',
  hashing: hashingSchema.parse({ bigrams: true, buckets: 64, idsMax: 20 }),
} as unknown as ManifestOf<'hashed'>;
const registry = { schema: () => Promise.resolve(null) };

test('made-up records are read the fast way, by the names of the route', async () => {
  const reader = new FieldReader(names, registry);
  let read = 0;
  await warmUp((_, records) => {
    for (const { value } of records) {
      assert.equal(reader.read(value), null);
      assert.ok(reader.textStart >= 0 && reader.idStart >= 0);
      read++;
    }
    return Promise.resolve([]);
  }, names);
  assert.ok(read > 0 && read <= 10_000, `${read} records`);
});

test('a warm-up that fails ends, and nobody hears of it', async () => {
  let asked = 0;
  await warmUp(() => {
    asked++;
    return Promise.reject(new Error('no'));
  }, names);
  assert.equal(asked, 1);
});

test('nothing of the warm-up reaches the engine or is among the answers', { timeout: 60_000 }, async () => {
  const asked: TokenRows[] = [];
  const engine: RouteEngine = {
    manifests: [manifest],
    predict: () => Promise.reject(new Error('it reads tokens')),
    predictTokens: (_, rows) => {
      asked.push(rows);
      return Promise.resolve(new Float32Array(rows.ends.length * manifest.labels.length).fill(0.5));
    },
  };
  const [route] = routeList.schema.parse([{ from: 'in', task: manifest.task, to: 'out', ...names }]);
  const answer = createRouteProcess({
    route: route!,
    stream: 'route',
    engine,
    reader: new FieldReader(names, registry),
    redact: null,
    asking: {},
    now: () => 1_000,
  });
  const record = { ...recordOf({ number: 'c1', body: 'one two' }, 'key'), offset: 7 };
  const batch = { topic: 'in', partition: 0 } as Parameters<typeof answer>[0];
  const outcomes = await answer(batch, [record]);
  assert.deepEqual(
    asked.map(({ ids }) => [...ids]),
    [hashText('one two', manifest.hashing)],
  );
  assert.equal(outcomes.length, 1);
  const [outcome] = outcomes;
  assert.equal(outcome?.kind, 'ok');
  const [output] = outcome?.kind === 'ok' ? outcome.outputs : [];
  assert.equal(JSON.parse(output!.record.value!.toString()).id, 'c1');
});
