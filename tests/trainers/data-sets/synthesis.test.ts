// Synthetic rows from a server that speaks OpenAI's protocol: marked, new, as many as wanted, in whatever form it answers.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import { openChatEndpoint } from '../../../connectors/chat-endpoint.ts';
import { type Synthesis, synthesizeRows, textsOf } from '../../../trainers/data-sets/synthesis.ts';
import { all, sentences } from './written-set.ts';

let server: Server;
let url: string;
let answers: string[] = [];
let asked: string[] = [];

before(async () => {
  server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const body = JSON.parse(Buffer.concat(pieces).toString()) as { messages: { content: string }[] };
    asked.push(body.messages[0]!.content);
    // A model repeats itself when it has no more to say.
    const content = answers.length > 1 ? answers.shift()! : answers[0]!;
    response.end(JSON.stringify({ choices: [{ message: { content } }] }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
});
after(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  asked = [];
});

const synthesize = (changes: Partial<Synthesis> = {}) =>
  all(
    synthesizeRows({
      endpoint: openChatEndpoint({
        url,
        model: 'small',
        requestsPerMinute: 60_000,
        retries: 0,
        timeoutMs: 2_000,
        backoffMs: 1,
      }),
      model: 'small',
      prompts: { advice: 'Write {count} requests for {label}.' },
      perLabel: 5,
      perRequest: 4,
      emptyMax: 2,
      temperature: 1,
      seed: 1,
      nearDuplicates: 0.8,
      wordsMin: 3,
      ...changes,
    }),
  );

const texts = sentences(20);

test('rows are marked, repeats and short ones left out, and no more are asked for than are wanted', async () => {
  answers = [
    JSON.stringify([texts[0], texts[1], `${texts[0]}!!`, 'too short']),
    JSON.stringify(texts.slice(1, 10)),
  ];
  const rows = await synthesize();
  assert.deepEqual(
    rows.map(({ text }) => text),
    texts.slice(0, 5),
  );
  for (const { label, synthetic, model, prompt } of rows) {
    assert.deepEqual([label, synthetic, model], ['advice', true, 'small']);
    assert.match(prompt, /^[0-9a-f]{12}$/);
  }
  assert.match(asked[0]!, /^Write 4 requests for advice\.\n\nAnswer with a JSON array of 4 strings/);
  assert.match(asked[1]!, /^Write 3 requests/);
});

test('texts that are known do not come again', async () => {
  async function* known() {
    yield* texts.slice(0, 3).map((text) => ({ text }));
  }
  answers = [JSON.stringify(texts)];
  assert.deepEqual(
    (await synthesize({ known: known() })).map(({ text }) => text),
    texts.slice(3, 8),
  );
});

test('a text belongs to one label', async () => {
  answers = [JSON.stringify(texts.slice(0, 5)), JSON.stringify(texts.slice(0, 12))];
  const rows = await synthesize({ perLabel: 5, perRequest: 10, prompts: { one: 'x', two: 'y' } });
  assert.equal(new Set(rows.map(({ text }) => text)).size, 10);
  assert.deepEqual(rows.map(({ label }) => label).join(' '), 'one one one one one two two two two two');
});

test('a model that only repeats itself is given up, with what to do', async () => {
  answers = [JSON.stringify(texts.slice(0, 2))];
  await assert.rejects(synthesize(), {
    code: 'synthesis-exhausted',
    message: /“advice”: 2 rows after 4 requests/,
  });
});

test('answers are taken apart in every form that models give', () => {
  const expected = ['one text here', 'another "text" there'];
  for (const answer of [
    JSON.stringify(expected),
    `Sure!\n\`\`\`json\n${JSON.stringify(expected, null, 2)}\n\`\`\``,
    '1. one text here\n2) another "text" there\n',
    '- one text here\n* another "text" there',
    '"one text here",\nanother "text" there',
  ])
    assert.deepEqual(textsOf(answer), expected, answer);
  assert.deepEqual(textsOf('[1, null, "a b c"]'), ['a b c']);
  assert.deepEqual(textsOf(' \n'), []);
});
