// Commits and proofs of membership. librdkafka stamps whatever generation it is in on a commit of any partition, also
// of one that it no longer owns: so every commit is tied to the tenure of its partition, which is asked first.
import { setTimeout as sleep } from 'node:timers/promises';
import { Fenced, Retryable } from '../../schemas/errors.ts';
import { codeOf, failureOf, isBetweenGenerations, isFencing } from './failure.ts';
import type { Lane } from './lane.ts';
import type { NativeConsumer, NativeError, Place } from './native.ts';

const metadataBytesMax = 4_096;
const retryAfterMs = 50;
const answerMs = 20_000;

type Answer = (error: NativeError | undefined) => void;

export class Committer {
  readonly #consumer: () => Pick<NativeConsumer, 'commit' | 'assignmentLost'>;
  readonly #patienceMs: number;
  /** Whoever waits for an answer, by partition, in the order of the requests. */
  readonly #waiting = new Map<string, Answer[]>();
  readonly #last = new Map<Lane, Promise<void>>();

  /** `patienceMs`: how long a commit is tried again while the group is between two generations. */
  constructor(consumer: () => Pick<NativeConsumer, 'commit' | 'assignmentLost'>, patienceMs: number) {
    this.#consumer = consumer;
    this.#patienceMs = patienceMs;
  }

  /** Told by librdkafka for every commit, in the order in which they were asked for. */
  answered(error: NativeError | undefined, { topic, partition }: Place): void {
    this.#waiting.get(`${topic}/${partition}`)?.shift()?.(error);
  }

  /** One at a time per partition. Throws `Fenced`, `Retryable`, or `RangeError` for too much metadata. */
  commit(lane: Lane, offset: number, metadata: string): Promise<void> {
    const bytes = Buffer.byteLength(metadata);
    if (bytes > metadataBytesMax)
      throw new RangeError(`Commit metadata has ${bytes} bytes; ${metadataBytesMax} are allowed.`);
    return this.#inTurn(lane, () => this.#commit(lane, offset, metadata));
  }

  /**
   * Proves to the broker that this member owns the partition, by committing again what is committed; a proof younger
   * than `maxAgeMs` counts. librdkafka's own heartbeats go on in a thread of its own and prove nothing to the handler.
   */
  async prove(lane: Lane, maxAgeMs: number): Promise<void> {
    this.#check(lane);
    const age = Date.now() - lane.confirmedAt;
    if (age >= 0 && age < maxAgeMs) return;
    await this.#inTurn(lane, () => {
      const { offset, metadata } = lane.lastCommit ?? { offset: lane.firstOffset ?? 0, metadata: '' };
      return this.#commit(lane, offset, metadata);
    });
  }

  #inTurn(lane: Lane, work: () => Promise<void>): Promise<void> {
    const before = this.#last.get(lane) ?? Promise.resolve();
    const mine = before.catch(() => undefined).then(work);
    const settled = mine.catch(() => undefined);
    this.#last.set(lane, settled);
    void settled.then(() => {
      if (this.#last.get(lane) === settled) this.#last.delete(lane);
    });
    return mine;
  }

  async #commit(lane: Lane, offset: number, metadata: string): Promise<void> {
    const doing = `commit offset ${offset} of ${lane.key}`;
    const deadline = Date.now() + this.#patienceMs;
    for (;;) {
      this.#check(lane);
      const error = await this.#ask(lane, offset, metadata);
      if (!error) break;
      const code = codeOf(error);
      if (isBetweenGenerations(code) && Date.now() < deadline) {
        await sleep(retryAfterMs);
        continue;
      }
      if (!isFencing(code) && !isBetweenGenerations(code)) throw failureOf(error, doing);
      lane.tenure.end();
      throw new Fenced(`Kafka refused to ${doing}: ${error.message}`, { cause: error });
    }
    lane.lastCommit = { offset, metadata };
    lane.outOfRange = false;
    lane.confirmedAt = Date.now();
  }

  #check({ tenure }: Lane): void {
    tenure.check();
    if (!this.#consumer().assignmentLost()) return;
    tenure.end();
    throw new Fenced('The group has taken the partition away since this batch was fetched.');
  }

  #ask({ topic, partition, key }: Lane, offset: number, metadata: string): Promise<Error | undefined> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () =>
          resolve(new Retryable(`Kafka did not answer a commit of ${key}.`, { code: 'kafka-unreachable' })),
        answerMs,
      );
      const waiting = this.#waiting.get(key) ?? [];
      this.#waiting.set(key, waiting);
      waiting.push((error) => {
        clearTimeout(timer);
        resolve(error);
      });
      try {
        this.#consumer().commit([{ topic, partition, offset, metadata }]);
      } catch (error) {
        clearTimeout(timer);
        waiting.pop();
        reject(failureOf(error, `commit ${key}`));
      }
    });
  }
}
