// Labelling at a terminal: keys, skips, undo, and that a text cannot drive the terminal.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LabelsAnswer } from '../../../schemas/requests.ts';
import { LabelSession } from '../../../streams/commands/label-session.ts';

type Item = LabelsAnswer['items'][number];

const itemOf = (messageId: string, text = `text of ${messageId}`): Item => ({
  messageId,
  tenant: 'default',
  kind: 'comment',
  text,
  value: 0.5,
  reasons: ['uncertain'],
});

/** Types lines into a session over batches of messages; what was published, skipped and shown. */
async function type(
  lines: Iterable<string> | AsyncIterable<string>,
  batches: readonly (readonly Item[])[],
  { labels = ['not-toxic', 'toxic'], signal = new AbortController().signal, published = [] as string[] } = {},
) {
  const left = [...batches];
  const skips: (readonly string[])[] = [];
  let shown = '';
  const output = {
    write: async (text: string | Buffer) => {
      shown += text.toString();
    },
  };
  async function* typed(): AsyncGenerator<Buffer> {
    for await (const line of lines) yield Buffer.from(`${line}\n`);
  }
  const session = new LabelSession(
    { argv: [], stdin: typed(), stdout: output, stderr: output, signal },
    {
      async next(skip) {
        skips.push(skip);
        const budget = { perDay: 9, used: 0, left: 9 };
        return { task: 'toxicity', labels, source: '', budget, items: [...(left.shift() ?? [])] };
      },
      async publish({ messageId }, label) {
        published.push(`${messageId} ${label}`);
      },
    },
  );
  const counts = await session.run();
  return { counts, published, skips, shown };
}

const three = ['a', 'b', 'c'].map((id) => itemOf(id));

test('keys, names and beginnings of names are labels', async () => {
  const { published, counts } = await type(['1', 'toxic', 'not'], [three]);
  assert.deepEqual(published, ['a not-toxic', 'b toxic', 'c not-toxic']);
  assert.deepEqual(counts, { labelled: 3, skipped: 0 });
});

test('what is no label is told, and asked again', async () => {
  const { published, shown } = await type(['9', '', 'poison', '2', 'q'], [three]);
  assert.deepEqual(published, ['a toxic']);
  assert.equal(shown.split('is no key and no label').length, 4);
});

test('a label can be undone until the next is given, a skip as well', async () => {
  const undone = await type(['u', '2', 'u', 's', '1', 'q'], [three]);
  assert.match(undone.shown, /nothing to undo/);
  assert.deepEqual(undone.published, ['b not-toxic']);
  assert.deepEqual(undone.counts, { labelled: 1, skipped: 1 });
  const { published } = await type(['s', 'u', '2', 'q'], [three]);
  assert.deepEqual(published, ['a toxic']);
});

test('skipped messages are not asked for again, and the next batch is', async () => {
  const { skips, published } = await type(['s', '1', 's', '2'], [three, [itemOf('d')]]);
  assert.deepEqual(skips, [[], ['a', 'c'], []]);
  assert.deepEqual(published, ['b not-toxic', 'd toxic']);
});

test('the last label is published at the end of the input, and on Ctrl-C', async () => {
  assert.deepEqual((await type(['2'], [three])).published, ['a toxic']);
  const interruption = new AbortController();
  const published: string[] = [];
  async function* typed(): AsyncGenerator<string> {
    yield '2';
    interruption.abort();
    await new Promise(() => {});
  }
  await assert.rejects(type(typed(), [three], { signal: interruption.signal, published }));
  assert.deepEqual(published, ['a toxic']);
});

test('ten and more labels have letters', async () => {
  const labels = Array.from({ length: 14 }, (_, index) => `label ${index}`);
  const { shown, published } = await type(['b', 'q'], [three], { labels });
  assert.match(shown, /\[9\] label 8 {2}\[a\] label 9 {2}\[b\] label 10/);
  assert.deepEqual(published, ['a label 10']);
});

test('a text cannot drive the terminal', async () => {
  const { shown } = await type(['q'], [[itemOf('evil', 'kangaroo\n\u001b[2J\u009b\u202e evil 👩‍🚀')]]);
  assert.match(shown, /kangaroo\n \[2J {3}evil 👩‍🚀/);
  for (const mark of ['\u001b', '\u009b', '\u202e']) assert.ok(!shown.includes(mark));
});
