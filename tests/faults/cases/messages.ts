// What is in the messages: poison, schemas that do not fit, one hot key, repeats out of order.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import avsc from 'avsc';
import type { Bench } from '../bench.ts';
import { both, type FaultCase, neither } from '../case.ts';
import type { Kind } from '../injector.ts';

interface Made {
  readonly kind: Kind;
  readonly value?: Buffer;
  readonly text?: string;
}

const poisons: readonly ((id: string) => Buffer)[] = [
  (id) => Buffer.from(`{"id": "${id}", "text": "cut o`),
  () => Buffer.from([0x7b, 0xff, 0xfe, 0x00]),
  (id) => Buffer.from(JSON.stringify({ id, text: 42 })),
  (id) => Buffer.from(JSON.stringify([id])),
  () => Buffer.alloc(0),
];

/** Bytes that are no comment, each of another kind. */
export const unreadable = (number: number, id: string): Made => ({
  kind: 'unreadable',
  value: poisons[number % poisons.length]!(id),
});

const good: Made = { kind: 'good' };

/** A stream of messages of which `share` are poison, spread evenly but not in step with the keys. */
const poisoned = (share: number) => (number: number, id: string) =>
  (number * 0.618_033_988_75) % 1 < share ? unreadable(number, id) : good;

async function poison1(bench: Bench): Promise<void> {
  await bench.startWorker();
  bench.inject({ make: poisoned(0.01) });
  await bench.wait(bench.span(15, 5));
}

const alertsOfBreaker = "(SELECT count() FROM alerts WHERE match(rule || summary, 'invalid|breaker'))";

/** The breaker must stop the stream; with a higher share it goes on where it stopped. */
async function poison60(bench: Bench): Promise<void> {
  const injector = bench.inject({ make: poisoned(0.6) });
  const first = await bench.startWorker({ env: { MILLRACE_LOOP_INVALID_WINDOW_RECORDS: '200' } });
  await bench.until('the breaker', 60, () => !first.alive);
  bench.expect(first.exitCode === 5, `the breaker must end the process with exit code 5 (${first.how()})`);
  bench.expect(first.stopped?.code === 'too-many-invalid', `stopped by ${first.stopped?.code}`);
  await bench.startWorker({ env: { MILLRACE_LOOP_INVALID_SHARE_MAX: '1' } }, bench.mode === 'embedded');
  await bench.recover();
  await bench.until('an alert', 30, async () => ((await bench.count(alertsOfBreaker)) ?? 0) > 0);
  await bench.wait(3);
  bench.notes.push(`${injector.acknowledged} acknowledged when it was over`);
}

async function hotKey(bench: Bench): Promise<void> {
  await bench.startWorker();
  bench.inject({ hot: true });
  await bench.wait(bench.span(8, 3));
  await bench.worker.kill();
  await bench.startWorker({}, false);
  await bench.recover();
}

/** Every acknowledged record is a comment of its own, whatever its id; the kill makes the streams read back ids. */
async function repeats(bench: Bench): Promise<void> {
  await bench.startWorker();
  const injector = bench.inject({ repeat: true });
  await bench.wait(bench.span(8, 4));
  await bench.worker.kill();
  await bench.startWorker({}, false);
  await bench.recover();
  await bench.wait(2);
  bench.notes.push(`${injector.repeated} records sent again, backwards`);
}

const strangeSchema = JSON.stringify({
  type: 'record',
  name: 'Stranger',
  fields: [{ name: 'weight', type: 'int' }],
});

/** A comment as another team would write it: fields of ours in another order, and one we do not know. */
const kinSchema = JSON.stringify({
  type: 'record',
  name: 'Comment',
  namespace: 'millrace',
  fields: [
    { name: 'text', type: 'string' },
    { name: 'id', type: 'string' },
    { name: 'mood', type: ['null', 'string'], default: null },
  ],
});

function framed(id: number, payload: Buffer): Buffer {
  const frame = Buffer.alloc(5);
  frame.writeInt32BE(id, 1);
  return Buffer.concat([frame, payload]);
}

/** Embedded, nobody but Millrace can register anything: there it is the schema of another topic. */
async function strangeSchemaId(bench: Bench): Promise<number> {
  if (bench.mode === 'kafka') return registerSchema(bench, 'strangers-value', strangeSchema);
  const file = readFileSync(join(bench.dataDirectory, 'registry.json'), 'utf8');
  const { versions } = JSON.parse(file) as { versions: { id: number; subject: string }[] };
  return versions.find(({ subject }) => subject === 'alerts-value')!.id;
}

async function registerSchema(bench: Bench, subject: string, schema: string): Promise<number> {
  const answer = await fetch(`${bench.broker.registryUrl}/subjects/${subject}/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify({ schema }),
  });
  return ((await answer.json()) as { id: number }).id;
}

async function incompatible(bench: Bench): Promise<void> {
  await bench.startWorker();
  const id = await strangeSchemaId(bench);
  const strange = { kind: 'unreadable', value: framed(id, Buffer.from([42])) } as const;
  bench.inject({ make: (number) => (number % 10 === 3 ? strange : good) });
  await bench.wait(bench.span(8, 4));
}

async function unknownId(bench: Bench): Promise<void> {
  await bench.startWorker();
  const strange = { kind: 'unreadable', value: framed(999_999, Buffer.from([42])) } as const;
  bench.inject({ make: (number) => (number % 10 === 3 ? strange : good) });
  await bench.wait(bench.span(8, 4));
}

/** A schema that nobody has asked for yet arrives while the registry is down: wait for it, dead-letter nothing. */
async function registryDown(bench: Bench): Promise<void> {
  await bench.startWorker();
  const id = await registerSchema(bench, 'kin-value', kinSchema);
  const kin = avsc.Type.forSchema(JSON.parse(kinSchema) as avsc.Schema);
  let isDown = false;
  bench.inject({
    make: (number, name) =>
      isDown
        ? { kind: 'good', value: framed(id, kin.toBuffer({ text: `text ${number}`, id: name, mood: null })) }
        : good,
  });
  await bench.wait(3);
  await bench.broker.killRegistry();
  isDown = true;
  await bench.wait(bench.span(15, 5));
  bench.expect(bench.lastWorker.alive, 'the worker must live through it');
  await bench.broker.startRegistry();
  await bench.recover();
}

const schemaCase = (name: string, what: string, act: FaultCase['act']): FaultCase => ({
  name,
  what,
  modes: both,
  short: neither,
  withRegistry: true,
  act,
});

export const messageCases: readonly FaultCase[] = [
  {
    name: 'poison-1-percent',
    what: 'one message in a hundred is no comment: a dead letter each, the others are scored',
    modes: both,
    short: neither,
    act: poison1,
  },
  {
    name: 'poison-60-percent',
    what: 'more than half is poison: exit code 5 and an alert; with a higher share every message arrives once',
    modes: both,
    short: ['embedded'],
    act: poison60,
  },
  schemaCase(
    'incompatible-schema',
    'Avro of a schema that cannot be read as a comment: dead letters',
    incompatible,
  ),
  schemaCase(
    'unknown-schema-id',
    'Avro frames with an id that the registry does not know: dead letters',
    unknownId,
  ),
  {
    ...schemaCase('registry-down', 'the registry is killed and started again', registryDown),
    modes: ['kafka'],
  },
  {
    name: 'hot-key',
    what: 'nine of ten messages have one key; kill -9 in between',
    modes: both,
    short: neither,
    act: hotKey,
  },
  {
    name: 'duplicated-and-reordered-input',
    what: 'the producer sends ids again and backwards: each record is a row of its own; an id has at least one score and at most one per record',
    modes: both,
    short: neither,
    act: repeats,
  },
];
