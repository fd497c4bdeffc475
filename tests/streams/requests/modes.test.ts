// What a process answers depends on what it runs.
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { post, problemIn } from '../../connectors/http/subject.ts';
import { type Served, serve } from './subject.ts';

async function serving(t: TestContext, env: Readonly<Record<string, string>>): Promise<Served> {
  const served = await serve(env);
  t.after(() => served.close());
  return served;
}

const analyze = ({ url }: Served) => post(`${url}/v1/analyze`, { text: 'what a lovely day' });

describe('a process without an inference stream', { timeout: 120_000 }, () => {
  it('answers all but what needs models', async (t) => {
    const served = await serving(t, { MILLRACE_STREAMS: 'sinks' });
    const refused = await analyze(served);
    assert.equal(refused.status, 503);
    assert.equal((await problemIn(refused)).code, 'no-models');
    assert.equal((await fetch(`${served.url}/v2/models/toxicity`)).status, 503);
    assert.equal((await post(`${served.url}/v1/comments`, { text: 'a' })).status, 202);
    assert.equal((await fetch(`${served.url}/v1/scores/x`)).status, 404);
  });

  it('runs the models for requests where it is told to, and publishes what waits when it ends', async (t) => {
    const served = await serving(t, { MILLRACE_STREAMS: 'sinks', HTTP_REQUESTS: 'on' });
    const ends = async () =>
      (await served.stack.log.ranges(['predictions', 'scores'])).reduce((sum, { end }) => sum + end, 0);
    for (let count = 0; count < 20; count += 1) assert.equal((await analyze(served)).status, 200);
    await served.drain();
    assert.equal(await ends(), 40);
    assert.equal((await problemIn(await analyze(served))).code, 'draining');
  });

  it('keeps results to itself where that is configured', async (t) => {
    const served = await serving(t, {
      MILLRACE_STREAMS: 'sinks',
      HTTP_REQUESTS: 'on',
      HTTP_PUBLISH_RESULTS: 'false',
    });
    assert.equal((await analyze(served)).status, 200);
    await served.drain();
    for (const { end } of await served.stack.log.ranges(['predictions', 'scores'])) assert.equal(end, 0);
  });

  it('has the probes alone where requests are off', async (t) => {
    const served = await serving(t, { MILLRACE_STREAMS: 'sinks', HTTP_REQUESTS: 'off' });
    assert.equal((await fetch(`${served.url}/live`)).status, 200);
    for (const path of ['/v1/analyze', '/docs', '/openapi.json', '/v1/stream', '/v2'])
      assert.equal((await fetch(`${served.url}${path}`)).status, 404, path);
  });
});
