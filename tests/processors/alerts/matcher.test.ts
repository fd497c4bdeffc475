// Matchers as people write them, against an alert’s attributes; silences there and back through their messages.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchesAll, printMatcher, readMatcher } from '../../../processors/alerts/matcher.ts';
import { silenceNotice, silenceOf } from '../../../processors/alerts/silence.ts';
import { alertOf, start } from './alert.ts';

const alert = alertOf('drift/sentiment@1.0.0', '1', {
  severity: 'critical',
  group: 'sentiment',
  evidence: { 'label.team': 'ml', value: '3' },
});

const cases: readonly (readonly [written: string, matches: boolean])[] = [
  ['rule=drift/sentiment@1.0.0', true],
  ['rule=drift', false],
  ['drift', true],
  ['drift/sentiment@1.0.0', true],
  ['drift/sentiment@1', false],
  ['dri', false],
  ['rule=~drift/.*', true],
  ['rule=~drift', false],
  ['severity!=critical', false],
  ['severity!~info|warning', true],
  ['team=ml', true],
  ['team="ml"', true],
  ['team=~ml|data', true],
  ['other=', true],
  ['other!=', false],
  // What a rule found is no attribute: silences would come and go with it.
  ['value=3', false],
];

for (const [written, matches] of cases)
  test(`${written} ${matches ? 'matches' : 'does not match'}`, () => {
    const matcher = readMatcher(written);
    assert.ok(typeof matcher !== 'string');
    assert.equal(matchesAll([matcher], alert), matches);
    assert.deepEqual(readMatcher(printMatcher(matcher)), matcher);
  });

test('what is no matcher is told', () => {
  assert.match(readMatcher('rule=~(') as string, /no regular expression/);
  assert.match(readMatcher('two words') as string, /no matcher/);
});

test('a silence says the same after its way through a message', () => {
  const silence = {
    id: 's1',
    matchers: [{ name: 'team', operator: '=~', value: 'a b, "c"|d' } as const],
    from: start,
    to: start + 1_000,
    by: 'ann',
    reason: 'known',
  };
  assert.deepEqual(silenceOf(silenceNotice(silence, 'firing', start)), silence);
  assert.equal(silenceOf({ ...silenceNotice(silence, 'firing', start), evidence: { matchers: '[]' } }), null);
});
