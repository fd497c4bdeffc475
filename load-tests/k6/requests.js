// The requests of the load and what is measured of their answers. Every latency counts from when a request was DUE.

import { SharedArray } from 'k6/data';
import exec from 'k6/execution';
import http from 'k6/http';
import { Counter, Trend } from 'k6/metrics';

const base = __ENV.URL;
const tasks = __ENV.TASKS ? __ENV.TASKS.split(',') : undefined;
const texts = new SharedArray('texts', () => JSON.parse(open(__ENV.TEXTS)));
const headers = { 'content-type': 'application/json' };
const storedWithinMs = 10_000;
const storedPollMs = 25;

/** Ms from when a request was due to its answer. */
const dueToAnswer = new Trend('due_to_answer', true);
/** Ms of the server's own account of an answer. */
const modelTime = new Trend('model_time', true);
const featuresTime = new Trend('features_time', true);
/** Ms from when a comment was due until its score can be asked for. */
const dueToStored = new Trend('due_to_stored', true);
const answered = new Counter('answered');
/** Refused because more came than is held: 429 and 503. */
const shed = new Counter('shed');
/** Anything else that is not an answer. */
const failed = new Counter('failed');

const textAt = (number) => texts[number % texts.length];

/**
 * When the running iteration of a constant-arrival-rate scenario was due. k6's own durations begin when the request is
 * sent; a stall of server or loader before that would be left out.
 */
export const dueNow = (ratePerSecond) =>
  exec.scenario.startTime + (exec.scenario.iterationInTest / ratePerSecond) * 1_000;

function post(path, body, name, responseType = 'text') {
  return http.post(`${base}${path}`, JSON.stringify(body), { headers, responseType, tags: { name } });
}

function count(response, wanted) {
  if (response.status === wanted) answered.add(1);
  else if (response.status === 429 || response.status === 503) shed.add(1);
  else failed.add(1);
  return response.status === wanted;
}

/** One text, answered while the caller waits. */
export function analyze(number, due) {
  const response = post('/v1/analyze', { text: textAt(number), tasks }, 'analyze', 'none');
  if (!count(response, 200)) return;
  dueToAnswer.add(Date.now() - due);
  const timings = response.headers['Server-Timing'];
  modelTime.add(timing(timings, 'model'));
  featuresTime.add(timing(timings, 'features'));
}

/** One duration of a `Server-Timing` header: the body need not be kept, and the loader shares the machine with the server. */
function timing(header, name) {
  const at = header.indexOf(`${name};dur=`);
  return parseFloat(header.slice(at + name.length + 5));
}

/** A comment into the log; answered once it is durable. Returns its id, or null. */
export function comment(number, due) {
  const response = post('/v1/comments', { text: textAt(number), source: 'k6' }, 'comments');
  if (!count(response, 202)) return null;
  dueToAnswer.add(Date.now() - due);
  return response.json('ids')[0];
}

export function feedback(number, due) {
  const said = { messageId: `k6-${number}`, task: 'toxicity', agrees: number % 3 > 0, by: 'user' };
  const response = post('/v1/feedback', said, 'feedback', 'none');
  if (count(response, 202)) dueToAnswer.add(Date.now() - due);
}

/** A comment all the way: into the log, through the streams, into ClickHouse, until its score is found. */
export function endToEnd(number, due, sleep) {
  const id = comment(number, due);
  if (id === null) return;
  // 404 is the expected answer until the score is there.
  const expected = http.expectedStatuses(200, 404);
  while (Date.now() - due < storedWithinMs) {
    const path = `${base}/v1/scores/${encodeURIComponent(id)}`;
    const { status } = http.get(path, { tags: { name: 'scores' }, responseCallback: expected });
    if (status === 200) {
      dueToStored.add(Date.now() - due);
      return;
    }
    sleep(storedPollMs / 1_000);
  }
  failed.add(1);
}
