// What k6 runs: `npm run k6` chooses one plan by SCENARIO and scales it by RATE and SECONDS. docs/benchmarks.md explains.
import { sleep } from 'k6';
import exec from 'k6/execution';
import { analyze, comment, dueNow, endToEnd, feedback } from './requests.js';

const rate = Number(__ENV.RATE);
const seconds = Number(__ENV.SECONDS);
const short = __ENV.SHORT === '1';
const users = 5_000;
const warmUpSeconds = short ? 5 : 10;

/** Iterations start at their due times whether or not earlier ones are answered: an open model. */
const arrivals = (what, perSecond, startSeconds, forSeconds) => ({
  executor: 'constant-arrival-rate',
  exec: what,
  rate: perSecond,
  timeUnit: '1s',
  startTime: `${startSeconds}s`,
  duration: `${forSeconds}s`,
  preAllocatedVUs: Math.min(1_000, Math.max(50, Math.ceil(perSecond / 4))),
  maxVUs: Math.min(4_000, Math.max(200, perSecond)),
  gracefulStop: '15s',
  env: { PER_SECOND: String(perSecond) },
});

const warmUp = (what = 'analyzing') => arrivals(what, Math.ceil(rate / 2), 0, warmUpSeconds);
/** A few comments all the way into the table, beside the load. */
const watchers = (startSeconds, forSeconds) => arrivals('storing', 5, startSeconds, forSeconds);

/** The mission's limits, for the scenario `name`. */
const limits = (name) => ({
  [`due_to_answer{scenario:${name}}`]: ['p(95)<100', 'p(99)<500'],
  [`http_req_duration{scenario:${name}}`]: ['p(95)<100'],
  [`model_time{scenario:${name}}`]: ['p(95)<50'],
  [`features_time{scenario:${name}}`]: ['p(95)<20'],
});

/** Everything that was due is answered: nothing shed, nothing failed, nothing that k6 itself let drop. */
const complete = (name, perSecond, forSeconds) => ({
  [`answered{scenario:${name}}`]: [`count>=${Math.floor(perSecond * forSeconds * 0.999)}`],
  [`shed{scenario:${name}}`]: ['count<1'],
  [`failed{scenario:${name}}`]: ['count<1'],
  [`dropped_iterations{scenario:${name}}`]: ['count<1'],
});

/** Makes k6 tell of a scenario's numbers without judging them. */
const told = (name) => ({
  [`due_to_answer{scenario:${name}}`]: ['max>=0'],
  [`answered{scenario:${name}}`]: ['count>=0'],
  [`shed{scenario:${name}}`]: ['count>=0'],
  [`dropped_iterations{scenario:${name}}`]: ['count>=0'],
});

const stored = {
  'due_to_stored{scenario:watchers}': ['p(95)<500'],
  'failed{scenario:watchers}': ['count<1'],
};

function steady(name) {
  return {
    scenarios: {
      'warm-up': warmUp(),
      [name]: arrivals('analyzing', rate, warmUpSeconds, seconds),
      watchers: watchers(warmUpSeconds, seconds),
    },
    thresholds: { ...limits(name), ...complete(name, rate, seconds), ...stored },
  };
}

/** Steps of equal length; the runner says which was the last that held. */
function ramp() {
  const steps = Array.from({ length: 10 }, (_, index) => rate + (index * rate) / 2);
  const stepSeconds = Math.max(5, Math.round(seconds / 6));
  const scenarios = { 'warm-up': warmUp() };
  let thresholds = {};
  steps.forEach((perSecond, index) => {
    const name = `at-${perSecond}`;
    const start = warmUpSeconds + index * (stepSeconds + 3);
    scenarios[name] = arrivals('analyzing', perSecond, start, stepSeconds);
    thresholds = { ...thresholds, ...told(name) };
  });
  thresholds[`due_to_answer{scenario:at-${rate}}`] = ['p(95)<100'];
  // Far beyond the break nothing is learnt any more.
  thresholds.due_to_answer = [{ threshold: 'p(90)<5000', abortOnFail: true, delayAbortEval: '20s' }];
  return { scenarios, thresholds };
}

/** Five times the rate for a while: shedding is allowed, failing is not, and afterwards all is as before. */
function spike() {
  const before = Math.ceil(rate * 0.3);
  const high = rate * 3;
  const spikeSeconds = Math.max(5, Math.round(seconds / 6));
  const begin = warmUpSeconds + spikeSeconds;
  const after = begin + spikeSeconds + 5;
  return {
    scenarios: {
      'warm-up': warmUp(),
      before: arrivals('analyzing', before, warmUpSeconds, spikeSeconds),
      spike: arrivals('analyzing', high, begin, spikeSeconds),
      after: arrivals('analyzing', before, after, spikeSeconds * 2),
    },
    thresholds: {
      ...told('before'),
      ...told('spike'),
      ...limits('after'),
      ...complete('after', before, spikeSeconds * 2),
      'failed{scenario:spike}': ['count<1'],
    },
  };
}

/** 5,000 people with a connection each; everyone asks once in `users / rate` seconds, at times of their own. */
function crowd() {
  return {
    scenarios: {
      users: {
        executor: 'constant-vus',
        exec: 'using',
        vus: users,
        duration: `${warmUpSeconds + seconds}s`,
        gracefulStop: '15s',
      },
    },
    thresholds: {
      'due_to_answer{phase:measured}': ['p(95)<100', 'p(99)<500'],
      'model_time{phase:measured}': ['p(95)<50'],
      'features_time{phase:measured}': ['p(95)<20'],
      'answered{phase:measured}': [`count>=${Math.floor(rate * seconds * 0.98)}`],
      failed: ['count<1'],
    },
  };
}

function mixed() {
  const parts = { analyze: 0.6, comments: 0.3, feedback: 0.1 };
  const functions = { analyze: 'analyzing', comments: 'posting', feedback: 'judging' };
  const scenarios = { 'warm-up': warmUp(), watchers: watchers(warmUpSeconds, seconds) };
  let thresholds = { ...limits('analyze'), ...stored };
  for (const name of Object.keys(parts)) {
    const perSecond = Math.ceil(rate * parts[name]);
    scenarios[name] = arrivals(functions[name], perSecond, warmUpSeconds, seconds);
    thresholds[`due_to_answer{scenario:${name}}`] = ['p(95)<100', 'p(99)<500'];
    thresholds = { ...thresholds, ...complete(name, perSecond, seconds) };
  }
  return { scenarios, thresholds };
}

const plans = {
  steady: () => steady('steady'),
  soak: () => steady('soak'),
  ramp,
  spike,
  users: crowd,
  mixed,
};

export const options = {
  ...plans[__ENV.SCENARIO](),
  summaryTrendStats: ['count', 'min', 'med', 'p(90)', 'p(95)', 'p(99)', 'p(99.9)', 'max'],
  systemTags: ['scenario', 'status', 'name'],
  noVUConnectionReuse: false,
};

const number = () => exec.scenario.iterationInTest;
const due = () => dueNow(Number(__ENV.PER_SECOND));

export const analyzing = () => analyze(number(), due());
export const posting = () => comment(number(), due());
export const judging = () => feedback(number(), due());
export const storing = () => endToEnd(number(), due(), sleep);

/** One of the 5,000: asks at fixed times; who is kept waiting past the next one asks at once and counts from then. */
export function using() {
  const everyMs = (users / rate) * 1_000;
  const dueAt =
    exec.scenario.startTime +
    ((exec.vu.idInTest - 1) / users) * everyMs +
    exec.vu.iterationInScenario * everyMs;
  const early = dueAt - Date.now();
  if (early > 0) sleep(early / 1_000);
  const isMeasured = dueAt - exec.scenario.startTime >= warmUpSeconds * 1_000;
  exec.vu.metrics.tags.phase = isMeasured ? 'measured' : 'warm-up';
  analyze(exec.vu.idInTest + exec.vu.iterationInScenario * users, dueAt);
}

export function handleSummary(data) {
  return { [__ENV.SUMMARY]: JSON.stringify(data) };
}
