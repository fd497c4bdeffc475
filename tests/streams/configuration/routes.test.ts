// Routes in the configuration: as a variable and in YAML, and every mistake told with its place.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Misconfigured } from '../../../schemas/errors.ts';
import { loadConfiguration } from '../../../streams/configuration/configuration.ts';

const directory = mkdtempSync(join(tmpdir(), 'millrace-routes-'));
after(() => rmSync(directory, { recursive: true }));

const routesOf = (MILLRACE_ROUTES: string) => loadConfiguration({ env: { MILLRACE_ROUTES } });

const defaults = { text: 'text', id: 'id', label: 'name', latency: 'balanced' };

test('a variable and a file say the same', () => {
  const wanted = [
    {
      ...defaults,
      name: 'toxicity',
      from: 'reviews',
      task: 'toxicity',
      to: 'verdicts',
      group: 'millrace-route-toxicity',
    },
    {
      ...defaults,
      name: 'mood',
      from: 'reviews',
      task: 'sentiment',
      to: 'moods',
      group: 'g',
      text: 'body',
      latency: 'low',
    },
  ];
  const variable = routesOf(
    'from=reviews task=toxicity to=verdicts; name=mood from=reviews task=sentiment to=moods group=g text=body latency=low',
  );
  assert.deepEqual(variable.routes, wanted);
  const file = join(directory, 'routes.yaml');
  writeFileSync(
    file,
    `routes:
  - { from: reviews, task: toxicity, to: verdicts }
  - name: mood
    from: \${FROM:-reviews}
    task: sentiment
    to: moods
    group: g
    text: body
    latency: low
`,
  );
  assert.deepEqual(loadConfiguration({ env: {}, file }).routes, wanted);
});

test('routes run by default where there are some, and only then', () => {
  const [chain, ...others] = loadConfiguration({ env: {} }).streams;
  assert.ok(!others.includes('routes'));
  assert.deepEqual(routesOf('from=a task=t to=b').streams, [chain, 'routes', ...others]);
});

const mistakes: readonly (readonly [routes: string, says: RegExp])[] = [
  ['from=a task=t', /routes \(1 to\): .*expected string/],
  ['from=a task=t to=b where=c', /routes \(1\): .*where/],
  ['from=a task=t to=b; from=a b task=u to=c', /routes \(2\): .*"b"/],
  ['from=a task=t to=b latency=fast', /routes \(1 latency\)/],
  ['from=a:b task=t to=b', /routes \(1 from\): no name of a topic/],
  ['from=a task=T to=b', /routes \(1 task\): no name of a task/],
  ['from=a task=t to=b; from=c task=t to=d', /two routes are called t/],
  [
    'from=a task=t to=b; name=u from=a task=t to=c group=millrace-route-t',
    /two routes read in the group millrace-route-t/,
  ],
  ['from=a task=t to=scores', /route t writes to scores, a topic of Millrace/],
  ['from=a task=t to=a', /in a circle: a → a/],
  ['from=a task=t to=b; from=b task=u to=c; from=c task=v to=b', /in a circle: b → c → b/],
];

for (const [routes, says] of mistakes)
  test(`refused: ${routes}`, () => {
    assert.throws(
      () => routesOf(routes),
      (error) => error instanceof Misconfigured && says.test(error.message),
    );
  });

test('routes that are to run and are not there are refused', () => {
  assert.throws(() => loadConfiguration({ env: { MILLRACE_STREAMS: 'routes' } }), /there are none/);
});
