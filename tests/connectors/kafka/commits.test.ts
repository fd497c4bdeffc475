// Commits of one tenure: what waits together goes together, and each answer is that of its own request.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type CommitPlace, Commits, type SendCommits } from '../../../connectors/kafka/commits.ts';
import { Tenure } from '../../../connectors/kafka/tenure.ts';
import { Fenced } from '../../../schemas/errors.ts';

const place = (partition: number, offset: number, topic = 't'): CommitPlace => ({
  topic,
  partition,
  offset: String(offset),
  metadata: `m${offset}`,
});

/** A broker that answers a request when it is told to. */
function coordinator() {
  const requests: string[] = [];
  const answers: ((error?: Error) => void)[] = [];
  const send: SendCommits = ({ topics }) => {
    const places = topics.flatMap(({ topic, partitions }) =>
      partitions.map(({ partition, offset }) => `${topic}/${partition}@${offset}`),
    );
    requests.push(places.join(' '));
    return new Promise((resolve, reject) => {
      answers.push((error) => (error ? reject(error) : resolve()));
    });
  };
  /** Answers the request in flight, and lets what follows from it happen. */
  const answer = async (error?: Error) => {
    answers.shift()!(error);
    await nextTurn();
  };
  return { requests, send, answer };
}

describe('commits', () => {
  it('of one turn are one request, by topics', async () => {
    const { requests, send, answer } = coordinator();
    const commits = new Commits(new Tenure(1));
    const done = [place(0, 5), place(1, 7), place(0, 9, 'u')].map((one) => commits.commit(one, send));
    await nextTurn();
    assert.deepEqual(requests, ['t/0@5 t/1@7 u/0@9']);
    await answer();
    await Promise.all(done);
  });

  it('wait while a request is in flight, go together, and resolve only with their own request', async () => {
    const { requests, send, answer } = coordinator();
    const commits = new Commits(new Tenure(1));
    const resolved: number[] = [];
    const commit = (partition: number) =>
      commits.commit(place(partition, 1), send).then(() => resolved.push(partition));
    const first = commit(0);
    await nextTurn();
    const later = [commit(1), commit(2)];
    await nextTurn();
    assert.deepEqual(requests, ['t/0@1']);
    await answer();
    await first;
    assert.deepEqual(resolved, [0]);
    assert.deepEqual(requests, ['t/0@1', 't/1@1 t/2@1']);
    await answer();
    await Promise.all(later);
    assert.deepEqual(resolved, [0, 1, 2]);
  });

  it('of one partition keep their order, in requests of their own', async () => {
    const { requests, send, answer } = coordinator();
    const commits = new Commits(new Tenure(1));
    const done = [place(0, 1), place(1, 1), place(0, 2)].map((one) => commits.commit(one, send));
    await nextTurn();
    await answer();
    await answer();
    await Promise.all(done);
    assert.deepEqual(requests, ['t/0@1 t/1@1', 't/0@2']);
  });

  it('that are refused are refused for all in the request, and for no other', async () => {
    const { send, answer } = coordinator();
    const commits = new Commits(new Tenure(1));
    const refused = [0, 1].map((partition) => commits.commit(place(partition, 1), send));
    const outcomes = Promise.allSettled(refused);
    await nextTurn();
    const fine = commits.commit(place(2, 1), send);
    await answer(new Error('no'));
    assert.deepEqual(
      (await outcomes).map(({ status }) => status),
      ['rejected', 'rejected'],
    );
    await answer();
    await fine;
  });

  it('that still wait when the tenure ends are never sent', async () => {
    const { requests, send, answer } = coordinator();
    const tenure = new Tenure(1);
    const commits = new Commits(tenure);
    const sent = commits.commit(place(0, 1), send);
    await nextTurn();
    const late = commits.commit(place(1, 1), send);
    tenure.end();
    const fenced = assert.rejects(late, Fenced);
    await answer();
    await Promise.all([sent, fenced]);
    assert.deepEqual(requests, ['t/0@1']);
  });
});
