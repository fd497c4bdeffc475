// Requests through the whole system: real models, a real log, a real ClickHouse.
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { z } from 'zod';
import {
  type AnalyzeAnswer,
  acceptedAnswer,
  analyzeAnswer,
  inferAnswer,
  modelAnswer,
  storedScore,
} from '../../../schemas/requests.ts';
import { post, problemIn } from '../../connectors/http/subject.ts';
import { serve } from './subject.ts';

const served = await serve({ MILLRACE_REDACT: 'email', HTTP_DRAIN_DELAY_MS: '0' });
const { url, stack, rows } = served;
after(() => served.close());

async function analyze(body: object, headers: Readonly<Record<string, string>> = {}): Promise<AnalyzeAnswer> {
  const response = await post(`${url}/v1/analyze`, body, headers);
  assert.equal(response.status, 200, await response.clone().text());
  return analyzeAnswer.parse(await response.json());
}

const accepted = async (path: string, body: unknown, headers = {}) => {
  const response = await post(`${url}${path}`, body, headers);
  assert.equal(response.status, 202, await response.clone().text());
  return acceptedAnswer.parse(await response.json()).ids;
};

const storedOf = async (id: string) => {
  await rows(`SELECT 1 FROM scores WHERE messageId = '${id}'`);
  return storedScore.parse(await (await fetch(`${url}/v1/scores/${id}`)).json());
};

describe('analyze', { timeout: 300_000 }, () => {
  it('answers what the streams answer, and stores it without the text', async () => {
    const texts = ['what a lovely day', 'you are a stupid idiot', 'Das ist ein schöner Tag'];
    const ids = await accepted(
      '/v1/comments',
      texts.map((text) => ({ text })),
    );
    const answer = await analyze({ items: texts.map((text, index) => ({ id: `asked-${index}`, text })) });
    assert.deepEqual(
      answer.items.map(({ id }) => id),
      ['asked-0', 'asked-1', 'asked-2'],
    );
    for (const [index, { id, score, results }] of answer.items.entries()) {
      const streamed = await storedOf(ids[index]!);
      const own = await storedOf(id);
      for (const name of ['language', 'sentiment', 'emotion', 'toxicity', 'toxic'])
        assert.equal(own[name], streamed[name], `${texts[index]}: ${name}`);
      assert.equal(score!.sentiment, streamed.sentiment);
      assert.equal(own.id, score!.id);
      assert.equal(own.source, 'http');
      assert.deepEqual(await fetch(`${url}/v1/scores/${score!.id}`).then((found) => found.json()), own);
      const tasks = await rows(`SELECT results.task AS tasks FROM predictions WHERE messageId = '${id}'`);
      assert.deepEqual(tasks[0]!.tasks, Object.keys(results!));
    }
    assert.deepEqual(
      await stack.clickhouse.query("SELECT id FROM comments WHERE startsWith(id, 'asked-')"),
      [],
    );
    assert.ok(answer.releases.length >= 3);
  });

  it('takes one text, several, prompts, and tasks by name', async () => {
    const one = await post(`${url}/v1/analyze`, { text: 'good' });
    assert.match(
      one.headers.get('server-timing')!,
      /^total;dur=[\d.]+, features;dur=[\d.]+, model;dur=[\d.]+, scoring;dur=[\d.]+$/,
    );
    const several = await analyze({ texts: ['good', 'bad'], tasks: ['sentiment', 'sentiment'] });
    assert.deepEqual(
      several.items.map(({ results }) => Object.keys(results!)),
      [['sentiment'], ['sentiment']],
    );
    assert.equal(several.items[0]!.score!.toxicity, undefined);
    const [prompt] = (await analyze({ text: 'Write a poem about rain in three lines.', kind: 'prompt' }))
      .items;
    assert.equal(prompt!.kind, 'prompt');
    assert.ok(prompt!.score!.quality! > 0 && prompt!.score!.intent);
    const many = await analyze({ texts: Array.from({ length: 1_000 }, (_, index) => `text ${index}`) });
    assert.equal(many.items.length, 1_000);
  });

  it('tells of texts that cannot be scored, and refuses where none can', async () => {
    const { items } = await analyze({ texts: ['fine', ' \u0000 '] });
    assert.equal(items[0]!.error, undefined);
    assert.equal(items[1]!.error!.code, 'no-text');
    const none = await post(`${url}/v1/analyze`, { items: [{ text: ' ' }, { text: '' }] });
    assert.equal(none.status, 422);
    assert.deepEqual(
      (await problemIn(none)).errors!.map(({ pointer }) => pointer),
      ['/items/0/text', '/items/1/text'],
    );
  });

  it('refuses what it cannot do', async () => {
    const refused = async (body: object) => {
      const problem = await problemIn(await post(`${url}/v1/analyze`, body));
      return [problem.status, problem.code, problem.errors?.[0]?.pointer];
    };
    assert.deepEqual(await refused({}), [422, 'invalid-body', '']);
    assert.deepEqual(await refused({ text: 'a', texts: ['b'] }), [422, 'invalid-body', '']);
    assert.deepEqual(await refused({ items: [{ text: 'a' }], kind: 'prompt' }), [
      422,
      'invalid-body',
      '/kind',
    ]);
    assert.deepEqual(await refused({ text: 'a', tasks: ['toxicity', 'horoscope'] }), [
      422,
      'unknown-task',
      '/tasks/1',
    ]);
    assert.deepEqual(await refused({ texts: [] }), [422, 'invalid-body', '/texts']);
    assert.deepEqual(await refused({ items: [{ text: 'a', kind: 'novel' }] }), [
      422,
      'invalid-body',
      '/items/0/kind',
    ]);
  });

  it('gives the ids of a key again where the answer was lost, and takes personal data out', async () => {
    const before =
      /millrace_redacted_total\{kind="email"\} (\d+)/.exec(await stack.metrics.print())?.[1] ?? '0';
    const key = { 'idempotency-key': 'lost', traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` };
    const first = await analyze({ text: 'write to jane@example.org' }, key);
    const metrics = /millrace_redacted_total\{kind="email"\} (\d+)/.exec(await stack.metrics.print())![1]!;
    assert.ok(Number(metrics) > Number(before));
    const [row] = await rows(`SELECT traceparent FROM scores WHERE messageId = '${first.items[0]!.id}'`);
    assert.equal(row!.traceparent, key.traceparent);
    const again = await post(`${url}/v1/analyze`, { text: 'write to jane@example.org' }, key);
    assert.equal(again.headers.get('idempotent-replayed'), 'true');
    assert.match(first.items[0]!.id, /^[0-9a-f]{32}$/);
  });
});

describe('messages', { timeout: 120_000 }, () => {
  it('are stored as they were sent', async () => {
    const entries = [
      {
        id: 'c1',
        text: 'hello',
        author: 'a',
        thread: 't',
        tenant: 'acme',
        eventTime: '2026-01-02T03:04:05Z',
        source: 'shop',
      },
      { id: 'c2', text: 'hello again', eventTime: 1_700_000_000_000 },
    ];
    assert.deepEqual(await accepted('/v1/comments', { items: entries }), ['c1', 'c2']);
    const [first] = await rows(
      "SELECT text, author, thread, tenant, source, toUnixTimestamp64Milli(eventTime) AS time FROM comments WHERE id = 'c1'",
    );
    assert.deepEqual(
      { ...first, time: Number(first!.time) },
      {
        text: 'hello',
        author: 'a',
        thread: 't',
        tenant: 'acme',
        source: 'shop',
        time: Date.parse('2026-01-02T03:04:05Z'),
      },
    );
    assert.deepEqual(await accepted('/v1/prompts', { id: 'p1', text: 'Why?', user: 'u', session: 's' }), [
      'p1',
    ]);
    assert.equal((await storedOf('p1')).kind, 'prompt');
    const [id] = await accepted('/v1/feedback', {
      messageId: 'c1',
      task: 'toxicity',
      agrees: false,
      value: 12.5,
      by: 'user',
    });
    const [said] = await rows(
      `SELECT messageId, task, label, value, agrees, by FROM feedback WHERE id = '${id}'`,
    );
    assert.deepEqual(said, {
      messageId: 'c1',
      task: 'toxicity',
      label: null,
      value: 12.5,
      agrees: false,
      by: 'user',
    });
  });
});

it('refuses instants that no topic can hold', async () => {
  for (const eventTime of ['1960-01-01T00:00:00Z', 9e15]) {
    const problem = await problemIn(await post(`${url}/v1/comments`, [{ text: 'a', eventTime }]));
    assert.deepEqual([problem.status, problem.errors![0]!.pointer], [422, '/0/eventTime']);
  }
});

describe('the Open Inference Protocol', { timeout: 120_000 }, () => {
  const text = { name: 'text', datatype: 'BYTES' };
  it('says what a model is and asks it', async () => {
    const about = modelAnswer.parse(await (await fetch(`${url}/v2/models/toxicity`)).json());
    const [version] = about.versions;
    assert.deepEqual(about.parameters.labels.toSorted(), ['not-toxic', 'toxic']);
    assert.equal((await fetch(`${url}/v2/models/toxicity/versions/${version}/ready`)).status, 200);
    assert.equal((await fetch(`${url}/v2/models/toxicity/versions/0.0.1/ready`)).status, 404);
    const inputs = [{ ...text, shape: [2, 1], data: [['you stupid idiot'], ['what a lovely day']] }];
    const response = await post(`${url}/v2/models/toxicity/versions/${version}/infer`, { id: 'r', inputs });
    const answer = inferAnswer.parse(await response.json());
    assert.deepEqual([answer.id, answer.model_name, answer.model_version], ['r', 'toxicity', version]);
    const [probabilities, labels] = answer.outputs;
    assert.deepEqual([probabilities!.datatype, probabilities!.shape], ['FP32', [2, 2]]);
    assert.deepEqual(labels!.data, ['toxic', 'not-toxic']);
  });

  it('reads and writes binary tensors', async () => {
    const texts = ['you stupid idiot', 'häppy 😀', ''];
    const tensor = Buffer.concat(
      texts.map((one) => {
        const bytes = Buffer.from(one);
        const length = Buffer.alloc(4);
        length.writeUInt32LE(bytes.length);
        return Buffer.concat([length, bytes]);
      }),
    );
    const json = Buffer.from(
      JSON.stringify({
        inputs: [{ ...text, shape: [3], parameters: { binary_data_size: tensor.length } }],
        parameters: { binary_data_output: true },
      }),
    );
    const ask = (body: Buffer, headerLength = json.length) =>
      fetch(`${url}/v2/models/toxicity/infer`, {
        method: 'POST',
        headers: { 'inference-header-content-length': String(headerLength) },
        body,
      });
    const response = await ask(Buffer.concat([json, tensor]));
    assert.equal(response.status, 200);
    const bytes = Buffer.from(await response.arrayBuffer());
    const split = Number(response.headers.get('inference-header-content-length'));
    const answer = inferAnswer.parse(JSON.parse(bytes.subarray(0, split).toString()));
    assert.deepEqual(
      answer.outputs.map(({ name, parameters }) => [name, parameters!.binary_data_size]),
      [
        ['probabilities', 24],
        ['label', bytes.length - split - 24],
      ],
    );
    assert.ok(bytes.readFloatLE(split + 4) + bytes.readFloatLE(split) > 0.99);
    assert.match(bytes.subarray(split + 24).toString(), /toxic/);
    for (const [body, length] of [
      [Buffer.concat([json, tensor.subarray(1)]), json.length],
      [Buffer.concat([json, tensor, tensor]), json.length],
      [json, json.length + 1],
      [json, 0],
      [json, Number.NaN],
    ] as const) {
      const refused = await ask(body, length);
      assert.equal(refused.status, 400);
      const problem = await problemIn(refused);
      assert.ok(problem.error);
    }
  });

  it('refuses other tensors than its own', async () => {
    const ask = async (body: object) => (await post(`${url}/v2/models/emotion/infer`, body)).status;
    const good = { ...text, shape: [1], data: ['a'] };
    assert.equal(await ask({ inputs: [good] }), 200);
    assert.equal(await ask({ inputs: [{ ...good, datatype: 'FP32' }] }), 400);
    assert.equal(await ask({ inputs: [{ ...good, shape: [2] }] }), 400);
    assert.equal(await ask({ inputs: [{ ...good, data: [1] }] }), 400);
    assert.equal(await ask({ inputs: [{ ...good, name: 'texts' }] }), 400);
    assert.equal(await ask({ inputs: [good, { ...good, name: 'pair' }] }), 400);
    assert.equal(await ask({ inputs: [good], outputs: [{ name: 'logits' }] }), 400);
    assert.equal(await ask({ inputs: [] }), 422);
    assert.equal(await ask({ inputs: [{ ...text, shape: [1_001], data: Array(1_001).fill('a') }] }), 400);
  });
});

it('schemas of requests hold texts to the limits of the topics', async () => {
  const { comments } = await import('../../../schemas/comment.ts');
  const { prompts } = await import('../../../schemas/prompt.ts');
  const { postable } = await import('../../../schemas/requests.ts');
  for (const topic of [comments, prompts])
    for (const [name, field] of Object.entries(topic.fields)) {
      const declared = z.toJSONSchema(
        postable[topic.name as 'comments'].shape[name as 'text'] ?? z.string(),
        { io: 'input' },
      );
      if ('maxLength' in field && name !== 'traceparent')
        assert.equal(declared.maxLength, field.maxLength, `${topic.name}.${name}`);
    }
});
