// Triton's own Python client against the door (TRITON_PYTHON: a Python with `tritonclient[http]`).
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { serve } from '../streams/requests/subject.ts';
import { tritonPython } from './addresses.ts';

const served = await serve({ MILLRACE_STREAMS: 'sinks', HTTP_REQUESTS: 'on' });
after(() => served.close());

it('gets what it asks for, in binary and in JSON', { timeout: 120_000 }, async () => {
  const script = fileURLToPath(new URL('triton_client.py', import.meta.url));
  const { stdout } = await promisify(execFile)(tritonPython(), [script, new URL(served.url).host]);
  const said = { id: 'r1', labels: ['toxic', 'not-toxic'], shape: [2, 2] };
  const { refused, ...answers } = JSON.parse(stdout) as { readonly refused: readonly [string, string] };
  assert.deepEqual(answers, {
    well: [true, true, true],
    server: 'millrace',
    outputs: ['probabilities', 'label'],
    binary: said,
    json: said,
  });
  assert.equal(refused[0], '404');
  assert.match(refused[1], /toxicity@/);
});
