// What to label next over HTTP: the query, who asks, and a page that fetches nothing from elsewhere.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import type { LabelRequest } from '../../../connectors/http/parts.ts';
import { labelsAnswer } from '../../../schemas/requests.ts';
import { openSubject, problemIn } from './subject.ts';

const answer = {
  task: 'toxicity',
  labels: ['not-toxic', 'toxic'],
  source: 'label:local',
  budget: { perDay: 200, used: 3, left: 197 },
  items: [
    {
      messageId: 'c1',
      tenant: 'default',
      kind: 'comment' as const,
      text: 'hm',
      value: 0.5,
      reasons: ['disputed' as const],
    },
  ],
};

describe('GET /v1/labels/next', () => {
  it('hands on who asks for what, and answers as it is documented', async (t) => {
    const asked: LabelRequest[] = [];
    const { url } = await openSubject(t, {
      requests: {
        nextToLabel: async (request) => {
          asked.push(request);
          return answer;
        },
      },
    });
    const response = await fetch(`${url}/v1/labels/next?task=toxicity`);
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('cache-control'), 'no-store');
    assert.deepEqual(labelsAnswer.parse(await response.json()), answer);
    await fetch(`${url}/v1/labels/next?task=t&count=25&skip=a&skip=b`);
    await fetch(`${url}/v1/labels/next?task=t&skip=a`);
    const from = { labeller: 'local', tenant: null };
    assert.deepEqual(asked, [
      { ...from, task: 'toxicity', count: 10, skip: [] },
      { ...from, task: 't', count: 25, skip: ['a', 'b'] },
      { ...from, task: 't', count: 10, skip: ['a'] },
    ]);
  });

  it('refuses what it cannot read', async (t) => {
    const { url } = await openSubject(t);
    for (const query of [
      '',
      '?task=',
      '?task=t&count=0',
      '?task=t&count=101',
      '?task=t&count=ten',
      '?task=t&more=1',
    ]) {
      const problem = await problemIn(await fetch(`${url}/v1/labels/next${query}`));
      assert.ok(problem.status === 400 || problem.status === 422, query);
    }
    assert.equal((await fetch(`${url}/v1/labels/next?task=t`, { method: 'POST' })).status, 405);
  });
});

describe('the page at /label', () => {
  it('may run its own script, ask this door, and nothing else', async (t) => {
    const { url } = await openSubject(t);
    const response = await fetch(`${url}/label`);
    assert.equal(response.headers.get('content-type'), 'text/html; charset=utf-8');
    const html = await response.text();
    const policy = response.headers.get('content-security-policy')!;
    for (const element of ['script', 'style']) {
      const [, text] = new RegExp(`<${element}>([\\s\\S]*?)</${element}>`).exec(html)!;
      const hash = createHash('sha256').update(text!).digest('base64');
      assert.ok(policy.includes(`${element}-src 'sha256-${hash}'`), element);
    }
    assert.match(policy, /^default-src 'none'; connect-src 'self';/);
    assert.doesNotMatch(html, /https?:|\ssrc=|<link|\son\w+=|innerHTML/);
  });
});
