// Labelling through the whole system: a comment is answered, the page shows it, a key labels it, the label joins.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { createContext, runInContext } from 'node:vm';
import { labelsAnswer } from '../../../schemas/requests.ts';
import { post, problemIn } from '../../connectors/http/subject.ts';
import { type Served, serve } from './subject.ts';

let served: Served;
before(async () => {
  served = await serve({
    MILLRACE_COMMENT_TASKS: 'toxicity',
    MILLRACE_STREAMS: 'chain,sinks',
    MILLRACE_INFERENCE_WORKERS: '1',
    HTTP_DRAIN_DELAY_MS: '0',
  });
  const texts = ['what a lovely day', 'you are an idiot', 'the train leaves at nine', 'I will find you'];
  const comments = texts.map((text, index) => ({ id: `c${index}`, text }));
  assert.equal((await post(`${served.url}/v1/comments`, comments)).status, 202);
  while ((await served.rows('SELECT count() AS n FROM predictions'))[0]!.n !== 4) await wait(20);
  while ((await served.rows('SELECT count() AS n FROM comments'))[0]!.n !== 4) await wait(20);
});
after(() => served.close());

const say = (word: object) => post(`${served.url}/v1/feedback`, word);

test('feedback about a task or a label that there is not is told', { timeout: 120_000 }, async () => {
  for (const [word, pointer] of [
    [{ messageId: 'c0', task: 'nothing', label: 'toxic' }, '/0/task'],
    [{ messageId: 'c0', task: 'toxicity@2.0.0', agrees: true }, '/0/task'],
    [{ messageId: 'c0', task: '../toxicity', agrees: true }, '/0/task'],
    [{ messageId: 'c0', task: 'toxicity', label: 'poison' }, '/0/label'],
    [{ messageId: 'c0', task: 'toxicity' }, '/0'],
  ] as const) {
    const problem = await problemIn(await say(word));
    assert.deepEqual([problem.status, problem.errors![0]!.pointer], [422, pointer]);
  }
});

test('label, thumbs, score and correction all become labels', async () => {
  for (const word of [
    { messageId: 'c0', task: 'toxicity', agrees: false },
    { messageId: 'c1', task: 'toxicity', value: 90 },
    { messageId: 'c2', task: 'toxicity', label: 'toxic', by: 'user' },
    { messageId: 'c2', task: 'toxicity', label: 'not-toxic', by: 'user', eventTime: Date.now() + 1_000 },
  ])
    assert.equal((await say(word)).status, 202);
  while ((await served.rows('SELECT count() AS n FROM feedback'))[0]!.n !== 4) await wait(20);
  assert.deepEqual(
    await served.rows('SELECT messageId, label, value, votes, conflicting FROM labels ORDER BY messageId'),
    [
      { messageId: 'c0', label: 'toxic', value: null, votes: 1, conflicting: 0 },
      { messageId: 'c1', label: 'toxic', value: 90, votes: 1, conflicting: 0 },
      { messageId: 'c2', label: 'not-toxic', value: null, votes: 2, conflicting: 1 },
    ],
  );
});

test('what is left to label is told, and a task that is none is refused', async () => {
  const response = await fetch(`${served.url}/v1/labels/next?task=toxicity`);
  const { items, labels, source } = labelsAnswer.parse(await response.json());
  assert.deepEqual(
    items.map(({ messageId, text }) => [messageId, text]),
    [['c3', 'I will find you']],
  );
  assert.deepEqual([labels, source], [['not-toxic', 'toxic'], 'label:local']);
  const problem = await problemIn(await fetch(`${served.url}/v1/labels/next?task=nothing`));
  assert.deepEqual([problem.status, problem.code], [422, 'model-missing']);
});

/** As much of a browser as the page’s script uses. */
class Element {
  value = '';
  textContent = '';
  type = '';
  children: Element[] = [];
  readonly listeners = new Map<string, (event: object) => void>();
  addEventListener(name: string, listener: (event: object) => void): void {
    this.listeners.set(name, listener);
  }
  append(child: Element): void {
    this.children.push(child);
  }
  replaceChildren(...children: Element[]): void {
    this.children = children;
  }
  focus(): void {}
}

async function openPage() {
  const html = await (await fetch(`${served.url}/label`)).text();
  const elements = new Map([...html.matchAll(/ id="(\w+)"/g)].map(([, id]) => [id!, new Element()]));
  const document = Object.assign(new Element(), {
    getElementById: (id: string) => elements.get(id),
    createElement: () => new Element(),
  });
  const browser = {
    document,
    window: new Element(),
    crypto,
    URLSearchParams,
    fetch: (path: string, init?: RequestInit) => fetch(`${served.url}${path}`, init),
  };
  runInContext(/<script>([\s\S]*?)<\/script>/.exec(html)![1]!, createContext(browser));
  const at = (id: string) => elements.get(id)!;
  const until = async (holds: () => boolean): Promise<void> => {
    for (let tries = 0; !holds(); tries += 1) {
      assert.ok(tries < 500, `the page shows “${at('text').textContent}”, “${at('message').textContent}”`);
      await wait(20);
    }
  };
  const key = (name: string) => document.listeners.get('keydown')!({ key: name });
  return { at, until, key };
}

test('the page shows a text, takes a key for its label, and undoes', async () => {
  const { at, until, key } = await openPage();
  at('task').value = 'toxicity';
  at('by').value = 'reviewer';
  at('ask').listeners.get('submit')!({ preventDefault: () => {} });
  await until(() => at('text').textContent === 'I will find you');
  assert.deepEqual(
    at('labels').children.map((entry) => entry.children[0]!.textContent),
    ['1 not-toxic', '2 toxic'],
  );
  key('2');
  await until(() => at('text').textContent === '' && at('message').textContent !== '');
  assert.match(at('progress').textContent, /1 labelled/);
  const [row] = await served.rows("SELECT label, by, source FROM feedback WHERE messageId = 'c3'");
  assert.deepEqual(row, { label: 'toxic', by: 'reviewer', source: 'label:local' });

  const comments = ['five', 'six'].map((text, index) => ({ id: `d${index}`, text: `the number ${text}` }));
  assert.equal((await post(`${served.url}/v1/comments`, comments)).status, 202);
  while ((await served.rows("SELECT count() AS n FROM predictions WHERE messageId LIKE 'd%'"))[0]!.n !== 2)
    await wait(20);
  while ((await served.rows("SELECT count() AS n FROM comments WHERE id LIKE 'd%'"))[0]!.n !== 2)
    await wait(20);
  at('ask').listeners.get('submit')!({ preventDefault: () => {} });
  await until(() => at('text').textContent.startsWith('the number'));
  const first = at('text').textContent;
  key('2');
  await until(() => at('text').textContent !== first);
  key('u');
  await until(() => at('text').textContent === first);
  key('1');
  await until(() => at('text').textContent !== first);
  key('q');
  await until(() => at('text').textContent === '');
  const said = await served.rows("SELECT label FROM feedback WHERE messageId LIKE 'd%'");
  assert.deepEqual(said, [{ label: 'not-toxic' }], 'what was undone was never said');
});
