// What holds for a task: every event in every state, and races of two deciders.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { advance, untouched } from '../../../processors/experiments/task-state.ts';
import type { ModelEvent } from '../../../schemas/model-event.ts';
import { event, fold, task } from './events.ts';

const requested = event('retraining-requested', {
  id: 'request-1',
  release: 'sentiment@1',
  evidence: { cause: 'labels', labels: '1200' },
});
const started = event('training-started', { request: 'request-1' });
const trained = event('candidate-trained', { request: 'request-1' });
const shadowed = event('shadowed', {
  experiment: 'experiment-1',
  evidence: { control: 'sentiment@1', share: '0.2', owner: 'ann' },
});
const canaried = event('canaried', { experiment: 'experiment-1' });
const promoted = event('promoted', { experiment: 'experiment-1', evidence: { previous: 'sentiment@1' } });
const rolledBack = event('rolled-back', { experiment: 'experiment-1' });
const frozen = event('frozen', { by: 'ann' });

const states = {
  untouched: [],
  requested: [requested],
  training: [requested, started],
  candidate: [requested, started, trained],
  shadow: [requested, trained, shadowed],
  canary: [requested, trained, shadowed, canaried],
  promoted: [requested, trained, shadowed, canaried, promoted],
  'rolled back': [requested, trained, shadowed, canaried, rolledBack],
  'frozen at rest': [frozen],
  'frozen, requested': [requested, frozen],
  'frozen, candidate': [requested, trained, frozen],
  'frozen, shadow': [requested, trained, shadowed, frozen],
  'frozen, canary': [requested, trained, shadowed, canaried, frozen],
} as const;
type StateName = keyof typeof states;

/** Events that are tried in every state, and the states in which they follow from what holds. */
const resting: readonly StateName[] = ['untouched', 'promoted', 'rolled back'];
const canBeFrozen: readonly StateName[] = [
  ...['untouched', 'requested', 'training', 'candidate', 'shadow', 'canary'],
  ...['promoted', 'rolled back'],
] as StateName[];
const isFrozen: readonly StateName[] = [
  ...['frozen at rest', 'frozen, requested', 'frozen, candidate', 'frozen, shadow', 'frozen, canary'],
] as StateName[];
const isOpen: readonly StateName[] = ['shadow', 'canary'];
const isOpenOrFrozen: readonly StateName[] = [...isOpen, 'frozen, shadow', 'frozen, canary'];

const tried: readonly (readonly [name: string, tried: ModelEvent, counts: readonly StateName[]])[] = [
  ['a request', event('retraining-requested', { id: 'request-2' }), resting],
  ['a beginning of training', event('training-started', { request: 'request-1' }), ['requested', 'training']],
  ['an answer to nobody', event('training-started', { request: 'request-9' }), []],
  ['a training without a request', event('training-started'), []],
  ['a refusal to train', event('training-declined', { request: 'request-1' }), ['requested', 'training']],
  ['a refusal of another request', event('training-declined', { request: 'request-9' }), []],
  ['a candidate', event('candidate-trained', { request: 'request-1' }), ['requested', 'training']],
  ['a candidate of another request', event('candidate-trained', { request: 'request-9' }), []],
  ['a candidate of a person', event('candidate-trained'), [...resting, 'requested', 'training']],
  [
    'a new experiment',
    event('shadowed', { experiment: 'experiment-2', evidence: { control: 'sentiment@1' } }),
    ['candidate'],
  ],
  ['an experiment without a name', event('shadowed', { evidence: { control: 'sentiment@1' } }), []],
  [
    'an experiment with another release',
    event('shadowed', {
      release: 'sentiment@9',
      experiment: 'experiment-2',
      evidence: { control: 'sentiment@1' },
    }),
    [],
  ],
  ['an experiment again', { ...shadowed, id: 'again' }, ['candidate']],
  ['a canary', event('canaried', { experiment: 'experiment-1' }), ['shadow']],
  ['a canary of another experiment', event('canaried', { experiment: 'experiment-9' }), []],
  ['a promotion by experiment', event('promoted', { experiment: 'experiment-1' }), isOpen],
  ['a promotion by another experiment', event('promoted', { experiment: 'experiment-9' }), []],
  [
    'a promotion by a person',
    event('promoted', { release: 'sentiment@7', by: 'ann' }),
    [...canBeFrozen, ...isFrozen],
  ],
  ['the end of an experiment', event('rolled-back', { experiment: 'experiment-1' }), isOpenOrFrozen],
  ['the end of another experiment', event('rolled-back', { experiment: 'experiment-9' }), []],
  [
    'a person’s rollback of what serves',
    event('rolled-back', { by: 'ann', evidence: { serving: 'sentiment@1' } }),
    ['promoted'],
  ],
  ['a person’s rollback to nothing', event('rolled-back', { by: 'ann' }), []],
  [
    'a person’s rollback of what does not serve',
    event('rolled-back', { release: 'sentiment@9', by: 'ann', evidence: { serving: 'sentiment@1' } }),
    [],
  ],
  ['a renewed baseline', event('baseline-renewed'), []],
  ['a freeze', event('frozen', { by: 'ann' }), canBeFrozen],
  ['a thaw', event('thawed', { by: 'ann' }), isFrozen],
  ['a promotion of another task', event('promoted', { task: 'toxicity' }), []],
];

describe('what holds for a task', () => {
  for (const [name, one, counts] of tried)
    it(`${name} counts ${counts.length === 0 ? 'nowhere' : `when ${counts.join('; ')}`}`, () => {
      for (const state of Object.keys(states) as StateName[]) {
        const before = fold(states[state]);
        const frozenInPlace = structuredClone(before);
        const after = advance(before, one);
        assert.equal(after !== before, counts.includes(state), state);
        assert.deepEqual(before, frozenInPlace, 'what was is not changed');
      }
    });

  it('follows a whole life', () => {
    const life = fold(states.candidate);
    assert.deepEqual(fold([requested, started]).retraining, {
      request: 'request-1',
      release: 'sentiment@1',
      cause: 'labels',
      reason: 'a test',
      evidence: requested.evidence,
      requestedAt: requested.eventTime,
      startedAt: started.eventTime,
    });
    assert.equal(life.retraining, null);
    assert.deepEqual(life.candidate, { release: 'sentiment@2', request: 'request-1', at: trained.eventTime });
    const shadow = advance(life, shadowed);
    assert.equal(shadow.candidate, null);
    assert.equal(shadow.experiments.length, 1);
    assert.deepEqual(shadow.experiments[0], {
      id: 'experiment-1',
      control: 'sentiment@1',
      treatment: 'sentiment@2',
      stage: 'shadow',
      shadowedAt: shadowed.eventTime,
      canariedAt: null,
      share: 0.2,
      request: 'request-1',
      definition: shadowed.evidence,
    });
    const canary = advance(shadow, { ...canaried, evidence: { share: '0.1' } });
    assert.deepEqual(
      canary.experiments.map((each) => [each.stage, each.share, each.canariedAt]),
      [['canary', 0.1, canaried.eventTime]],
    );
    assert.equal(advance(shadow, canaried).experiments[0]?.share, 0.2);
    const end = advance(canary, { ...promoted, by: 'experiments' });
    assert.deepEqual(end, {
      ...untouched(task),
      serving: { release: 'sentiment@2', since: promoted.eventTime, by: 'experiments' },
      previous: 'sentiment@1',
      restedSince: promoted.eventTime,
      ended: ['experiment-1'],
    });
  });

  it('leaves who serves alone when an experiment ends without promotion', () => {
    const end = fold(states['rolled back']);
    assert.deepEqual([end.serving, end.experiments, end.ended], [null, [], ['experiment-1']]);
    assert.equal(end.restedSince, rolledBack.eventTime);
  });

  it('goes back to what served before, once', () => {
    const back = event('rolled-back', { by: 'ann', evidence: { serving: 'sentiment@1' } });
    const state = fold([...states.promoted, back]);
    assert.deepEqual(state.serving, { release: 'sentiment@1', since: back.eventTime, by: 'ann' });
    assert.equal(state.previous, null);
    assert.equal(advance(state, back), state);
  });

  it('ends what rested on another release when a person says who serves', () => {
    const byHand = event('promoted', { release: 'sentiment@7', by: 'ann' });
    const canary = fold([...states.canary, byHand]);
    assert.deepEqual(canary.experiments, []);
    assert.equal(advance(canary, promoted), canary);
    assert.equal(fold([requested, byHand]).retraining, null);
    const same = event('promoted', { release: 'sentiment@1', by: 'ann' });
    assert.equal(fold([requested, same]).retraining?.request, 'request-1');
    assert.equal(fold([same, byHand, event('promoted', { release: 'sentiment@7' })]).previous, 'sentiment@1');
  });

  it('tries a candidate against nothing but what serves', () => {
    const other = event('promoted', { release: 'sentiment@5', by: 'ann' });
    const moved = fold([requested, trained, other]);
    assert.equal(advance(moved, shadowed), moved);
    const evidence = { control: 'sentiment@5' };
    const against = event('shadowed', { experiment: 'experiment-2', evidence });
    assert.equal(advance(moved, against).experiments.length, 1);
  });

  it('has one candidate at a time', () => {
    const waiting = fold([requested, event('candidate-trained', { release: 'sentiment@9' })]);
    assert.equal(advance(waiting, trained), waiting);
  });

  it('keeps what is under way through a freeze and a thaw', () => {
    for (const name of canBeFrozen) {
      const before = fold(states[name]);
      const after = fold([frozen, event('thawed', { by: 'ann' })], before);
      assert.deepEqual(after, before, name);
    }
  });

  it('knows a late event of an experiment that ended as late, a hundred experiments on', () => {
    let state = untouched(task);
    for (let round = 0; round < 150; round++) {
      const experiment = `round-${round}`;
      state = fold(
        [
          event('candidate-trained'),
          event('shadowed', { experiment, evidence: { control: 'sentiment@1' } }),
          event('rolled-back', { experiment }),
        ],
        state,
      );
      assert.equal(state.ended.at(-1), experiment);
    }
    assert.equal(state.ended.length, 100);
    state = advance(state, event('candidate-trained'));
    const late = event('shadowed', { experiment: 'round-60', evidence: { control: 'sentiment@1' } });
    assert.equal(advance(state, late), state);
  });
});

describe('two processes that decide at once', () => {
  const rivals: readonly (readonly [string, StateName, ModelEvent, ModelEvent])[] = [
    [
      'requests',
      'untouched',
      event('retraining-requested', { id: 'request-a' }),
      event('retraining-requested', { id: 'request-b' }),
    ],
    ['promotion and rollback', 'canary', promoted, rolledBack],
    ['canary and rollback', 'shadow', canaried, rolledBack],
    ['candidate and refusal', 'training', trained, event('training-declined', { request: 'request-1' })],
    [
      'experiments',
      'candidate',
      shadowed,
      event('shadowed', { experiment: 'experiment-2', evidence: { control: 'sentiment@1' } }),
    ],
    ['freezes', 'untouched', frozen, event('frozen', { by: 'bob' })],
  ];
  for (const [name, state, one, other] of rivals)
    it(`${name}: the first one counts, for every reader, whoever it is`, () => {
      for (const [first, second] of [
        [one, other],
        [other, one],
      ] as const) {
        const decided = advance(fold(states[state]), first);
        assert.notEqual(decided, fold(states[state]));
        const isStep = first.event === 'canaried' && second.event === 'rolled-back';
        assert.equal(advance(decided, second) === decided, !isStep, `${first.event}, ${second.event}`);
      }
    });

  it('a decision that both write counts once while nothing came between', () => {
    for (const name of ['candidate', 'shadow', 'canary', 'promoted', 'rolled back'] as const) {
      const events = states[name];
      for (const [place] of events.entries()) {
        if (events[place] === started) continue; // a trainer that begins again is told of
        const doubled = [...events.slice(0, place + 1), events[place]!, ...events.slice(place + 1)];
        assert.deepEqual(fold(doubled), fold(events), `${name}, ${events[place]!.event} twice`);
      }
    }
  });
});
