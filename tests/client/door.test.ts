// The client against the real door of a running Millrace: everything it can do, once.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { MillraceClient } from '../../client/client.ts';
import { MillraceError } from '../../client/exchange.ts';
import { type RunningUp, Workplace } from '../streams/commands/spawned.ts';

let place: Workplace;
let up: RunningUp;
let client: MillraceClient;
before(async () => {
  place = new Workplace();
  up = await place.up();
  client = new MillraceClient({ url: up.http, timeoutMs: 60_000 });
});
after(() => place.close());

const minute = 60_000;

test('one text, several and prompts are answered', async () => {
  const one = await client.analyze('I love this so much');
  assert.equal(one.items[0]!.score!.sentiment, 'positive');
  const several = await client.analyze(['Guten Morgen, wie geht es dir?', 'bonjour tout le monde']);
  assert.deepEqual(
    several.items.map(({ score }) => score!.language),
    ['de', 'fr'],
  );
  const prompt = await client.analyze({ text: 'Write a poem about rain.', kind: 'prompt' });
  assert.ok(prompt.items[0]!.score!.quality! > 0);
  const refused = await client.analyze({ texts: [] }).then(
    () => assert.fail('an empty request was answered'),
    (error: unknown) => error,
  );
  assert.ok(refused instanceof MillraceError && refused.status === 422 && refused.problem !== null);
});

test('what is published is scored, found and followed; feedback is taken', async () => {
  const following = new AbortController();
  const followed = (async () => {
    for await (const score of client.follow({ sentiment: 'negative' }, following))
      if (score.messageId === 'c-2') return score;
    return assert.fail('the stream ended');
  })();
  const sent = [
    { id: 'c-1', text: 'what a lovely day' },
    { id: 'c-2', text: 'I hate this so much' },
  ];
  const same = { idempotencyKey: 'once' };
  assert.deepEqual(await client.publishComments(sent, same), { accepted: 2, ids: ['c-1', 'c-2'] });
  assert.deepEqual(await client.publishComments(sent, same), { accepted: 2, ids: ['c-1', 'c-2'] });
  const score = await client.waitForScore('c-1', minute);
  assert.equal(score?.sentiment, 'positive');
  // It may have been published before the stream was open: again, as somebody else would.
  const again = setInterval(() => void client.publishComments([sent[1]!]), 1_000);
  assert.equal((await followed).messageId, 'c-2');
  clearInterval(again);
  following.abort();
  assert.equal(await client.score('nobody'), null);
  const feedback = { messageId: 'c-1', task: 'sentiment', label: 'positive', by: 'user' };
  assert.equal((await client.sendFeedback([feedback])).accepted, 1);
  assert.equal((await client.publishPrompts([{ text: 'Translate this.' }])).ids.length, 1);
});
