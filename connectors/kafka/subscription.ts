// A member of a consumer group. kafkajs fetches, joins and heartbeats; this decides which handler runs when, what a
// commit may still do, and how the subscription ends.
import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs, { type Consumer, type EachBatchPayload, type PartitionAssigner } from 'kafkajs';
import { Fenced } from '../../schemas/errors.ts';
import { inTime } from '../in-time.ts';
import type { BatchHandler, Position, SubscribeOptions, Subscription } from '../log.ts';
import { kafkaBatch, type Membership } from './batch.ts';
import type { NewKafka } from './client.ts';
import { Commits } from './commits.ts';
import { calling, failureOf } from './failure.ts';
import { fetchAhead } from './fetch-ahead.ts';
import { type Lane, Lanes } from './lane.ts';
import { Tenure } from './tenure.ts';

// Within this time a handler holds up the next fetch, which keeps latency lowest; a slower one is left running
// beside it, so that one partition in trouble does not hold up the others.
const besideAfterMs = 250;
const retry = { initialRetryTime: 100, maxRetryTime: 2_000, retries: 8 };
const fetchBytesMax = 10_485_760;
const rebalanceTimeoutMs = 30_000;
// A broker that has just come back may not know its topics yet, and who joins then is assigned nothing. kafkajs notices
// at its next look at the metadata, as it does new partitions.
const metadataMaxAgeMs = 10_000;

/** What a subscription needs from its log. */
export interface Surroundings {
  readonly newKafka: NewKafka;
  /** A number no tenure of this log had before. */
  nextGeneration(): number;
  committed(group: string, topic: string, partition: number): Promise<Position | null>;
}

export class KafkaSubscription implements Subscription {
  readonly done: Promise<void>;
  readonly #options: SubscribeOptions;
  readonly #handler: BatchHandler;
  readonly #surroundings: Surroundings;
  readonly #consumer: Consumer;
  readonly #lanes: Lanes;
  readonly #running = new Set<Promise<void>>();
  #tenure: Tenure;
  #commits: Commits;
  #rebalance: Error | undefined;
  #ending: Promise<void> | undefined;
  #settle!: { resolve(): void; reject(error: unknown): void };

  constructor(surroundings: Surroundings, options: SubscribeOptions, handler: BatchHandler) {
    this.#surroundings = surroundings;
    this.#options = options;
    this.#handler = handler;
    this.#tenure = new Tenure(surroundings.nextGeneration());
    this.#commits = new Commits(this.#tenure);
    this.#consumer = surroundings.newKafka(retry).consumer({
      groupId: options.group,
      sessionTimeout: options.sessionTimeoutMs,
      rebalanceTimeout: Math.max(rebalanceTimeoutMs, options.sessionTimeoutMs),
      heartbeatInterval: this.#heartbeatMs,
      maxWaitTimeInMs: options.fetchWaitMs,
      minBytes: options.fetchBytesMin,
      maxBytesPerPartition: options.partitionBytesMax,
      maxBytes: Math.max(fetchBytesMax, options.partitionBytesMax),
      metadataMaxAge: metadataMaxAgeMs,
      allowAutoTopicCreation: false,
      partitionAssigners: [this.#drainingAssigner],
      retry,
    });
    this.#lanes = new Lanes(this.#consumer);
    this.done = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    this.done.catch(() => undefined); // the owner may look at it only when it closes
  }

  /** Joins the group and begins to fetch. */
  async start(): Promise<void> {
    const { GROUP_JOIN, CRASH } = this.#consumer.events;
    this.#consumer.on(GROUP_JOIN, ({ payload }) => {
      this.#rebalance = undefined;
      this.#tenure = new Tenure(this.#surroundings.nextGeneration());
      this.#commits = new Commits(this.#tenure);
      if (this.#ending) this.#tenure.revoke('The subscription is closing.');
      this.#lanes.assign(payload.memberAssignment);
    });
    this.#consumer.on(CRASH, ({ payload }) => {
      if (!payload.restart) this.#end(failureOf(payload.error, `go on in group ${this.#options.group}`));
    });
    try {
      await calling(`subscribe to ${this.#options.topics.join(', ')}`, async () => {
        await this.#consumer.connect();
        await this.#consumer.subscribe({ topics: [...this.#options.topics], fromBeginning: true });
        await this.#consumer.run({
          autoCommit: false, // it would wipe the metadata of the handlers’ own commits
          eachBatchAutoResolve: false,
          partitionsConsumedConcurrently: this.#options.concurrency,
          eachBatch: (payload) => this.#eachBatch(payload),
        });
      });
    } catch (error) {
      this.#end(error);
    }
    if (this.#ending) await this.done;
  }

  assigned(): readonly { readonly topic: string; readonly partition: number }[] {
    return this.#lanes.assigned();
  }

  pause(topic: string, partition: number): void {
    this.#lanes.pause(topic, partition);
  }

  resume(topic: string, partition: number): void {
    this.#lanes.resume(topic, partition);
  }

  seek(topic: string, partition: number, offset: number): void {
    this.#consumer.seek({ topic, partition, offset: String(offset) });
  }

  close(): Promise<void> {
    return this.#end();
  }

  get #heartbeatMs(): number {
    return Math.min(3_000, Math.floor(this.#options.sessionTimeoutMs / 10));
  }

  async #eachBatch(payload: EachBatchPayload): Promise<void> {
    const lane = this.#lanes.of(payload.batch.topic, payload.batch.partition);
    while (this.#running.size >= this.#options.concurrency && this.#wanted(lane, payload)) {
      await Promise.race([...this.#running, sleep(this.#heartbeatMs)]);
      await payload.heartbeat();
    }
    if (this.#wanted(lane, payload)) await this.#run(lane, payload);
    else if (this.#ending) await sleep(10); // kafkajs fetches on until it is told to stop
    // Thrown only now that the handlers are through: it makes kafkajs join again.
    if (this.#rebalance) throw this.#rebalance;
  }

  // A batch that waited its turn may have been overtaken by a pause, a seek, a rebalance or the end.
  #wanted(lane: Lane, payload: EachBatchPayload): boolean {
    return !(this.#ending || this.#rebalance || lane.paused || lane.busy || payload.isStale());
  }

  async #run(lane: Lane, payload: EachBatchPayload): Promise<void> {
    const tenure = this.#tenure;
    const work = this.#handle(payload, tenure);
    const running = work.then(() => undefined).finally(() => this.#running.delete(running));
    this.#running.add(running);
    let patience: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      patience = setTimeout(resolve, this.#options.besideAfterMs ?? besideAfterMs, 'late');
    });
    const outcome = await Promise.race([work, late]);
    clearTimeout(patience);
    if (outcome === 'late' && this.#running.has(running)) this.#lanes.leaveBusy(lane, running);
    if (outcome !== 'given up' && tenure === this.#tenure)
      payload.resolveOffset(payload.batch.messages.at(-1)!.offset);
  }

  async #handle(payload: EachBatchPayload, tenure: Tenure): Promise<'done' | 'given up'> {
    const { group } = this.#options;
    const membership: Membership = {
      commits: this.#commits,
      committed: (topic, partition) => this.#surroundings.committed(group, topic, partition),
      leaving: (error) => {
        this.#rebalance ??= error;
        tenure.revoke('The group is rebalancing.');
      },
    };
    try {
      await this.#handler(kafkaBatch(payload, tenure, membership));
      return 'done';
    } catch (error) {
      const gaveUp = error instanceof Fenced || (error instanceof Error && error.name === 'AbortError');
      if (!(gaveUp && tenure.revoked.aborted)) this.#end(error);
      return 'given up';
    }
  }

  // kafkajs looks for the coordinator right before each join. Holding it there lets handlers that were left running
  // finish and commit what they have; after that their tenure is over, whatever generation kafkajs would stamp on
  // a late commit. One that does not finish by then is abandoned: it neither holds up the group nor, should this
  // member get its partition again, the handler that begins there anew.
  readonly #drainingAssigner: PartitionAssigner = (config) => {
    const { cluster } = config;
    if (this.#surroundings.newKafka.codec === 'own') fetchAhead(cluster);
    const find = cluster.findGroupCoordinator.bind(cluster);
    cluster.findGroupCoordinator = async (group) => {
      this.#tenure.revoke('The group is rebalancing.');
      await this.#drain(this.#options.sessionTimeoutMs / 2);
      return find(group);
    };
    return kafkajs.PartitionAssigners.roundRobin(config);
  };

  /** Waits for running handlers, but not for long, and ends the tenure they run under. */
  async #drain(withinMs: number): Promise<void> {
    await inTime(Promise.all(this.#running), withinMs);
    this.#tenure.end();
    this.#running.clear();
    this.#lanes.abandon();
  }

  #end(failure?: unknown): Promise<void> {
    this.#ending ??= this.#shutDown(failure);
    return this.#ending;
  }

  async #shutDown(failure: unknown): Promise<void> {
    this.#tenure.revoke('The subscription is closing.');
    this.#lanes.pauseAll();
    const { sessionTimeoutMs } = this.#options;
    await this.#drain(sessionTimeoutMs);
    // It logs what fails; there is nothing left to save. A broker that does not answer a good-bye does without.
    await inTime(
      this.#consumer.disconnect().catch(() => undefined),
      sessionTimeoutMs,
    );
    this.#lanes.assign({});
    if (failure === undefined) this.#settle.resolve();
    else this.#settle.reject(failure);
  }
}
