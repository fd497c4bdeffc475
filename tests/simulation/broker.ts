// The embedded log as a broker on a machine of its own: it hands batches to members over the network and does what they
// ask of them. Members of a broker that died are unknown to the next one.
import { openEmbeddedLog } from '../../connectors/embedded-log/embedded-log.ts';
import type { Batch, Log, Position, SubscribeOptions, Subscription } from '../../connectors/log.ts';
import { Fenced } from '../../schemas/errors.ts';
import type { Actor } from './clock.ts';
import { diskRoot } from './disk.ts';
import type { Climate } from './faults.ts';
import { Holdings, type Ledger, type WitnessedLog } from './ledger.ts';
import type { Network, Surroundings } from './network.ts';

const fetchedTopics = ['inputs', 'outputs', 'dead-letters'];

/** Opens the production log on the virtual disk. */
export async function openSimulatedLog({ clock, tally }: Surroundings, climate: Climate): Promise<Log> {
  const log = await openEmbeddedLog({
    directory: `${diskRoot}log`,
    fsync: climate.fsync,
    segmentBytesMax: climate.segmentBytes,
    clock: () => clock.now,
    onRecovery: () => tally.add('torn write cut off'),
    onCleaningFailure: () => tally.add('compaction failed'),
  });
  const partitions = climate.partitions;
  await log.createTopics(fetchedTopics.map((name) => ({ name, partitions })));
  return log;
}

/** A batch as it goes over the network. */
export type SentBatch = Pick<Batch, 'topic' | 'partition' | 'records' | 'generation' | 'end'> & {
  readonly number: number;
};

/** The end of a session that the member has. */
export interface MemberEnd {
  readonly actor: Actor;
  begin(batch: SentBatch): void;
  revoke(number: number): void;
}

interface Handed {
  readonly batch: Batch;
  readonly resolve: () => void;
}

export class Broker {
  readonly actor: Actor;
  readonly log: WitnessedLog;
  readonly #world: Surroundings;
  readonly #network: Network;
  readonly #ledger: Ledger;
  readonly #opened: Log;
  readonly #generationBase: number;
  readonly #sessions = new Map<string, Subscription>();
  readonly #views = new Map<Holdings, WitnessedLog>();
  readonly #handed = new Map<number, Handed>();
  #batches = 0;

  constructor(world: Surroundings, network: Network, ledger: Ledger, log: Log, actor: Actor, life: number) {
    this.#world = world;
    this.#network = network;
    this.#ledger = ledger;
    this.#opened = log;
    this.actor = actor;
    this.#generationBase = life * 1_000_000;
    this.log = this.viewOf(new Holdings());
  }

  /** The log as one member sees it. */
  viewOf(member: Holdings): WitnessedLog {
    let view = this.#views.get(member);
    if (!view) {
      view = this.#ledger.witness(this.#opened, this.#generationBase, member);
      this.#views.set(member, view);
    }
    return view;
  }

  async join(
    session: string,
    options: SubscribeOptions,
    member: MemberEnd,
    holdings: Holdings,
  ): Promise<void> {
    const subscription = await this.viewOf(holdings).subscribe(options, (batch) => this.#hand(batch, member));
    this.#sessions.set(session, subscription);
    subscription.done.then(
      () => this.#sessions.delete(session),
      (error) => this.#world.clock.caught(error),
    );
  }

  async leave(session: string): Promise<void> {
    await this.#sessions.get(session)?.close();
  }

  async knows(session: string): Promise<boolean> {
    return this.#sessions.has(session);
  }

  /** The member's handler is through. */
  finished(number: number): void {
    this.#handed.get(number)?.resolve();
    this.#handed.delete(number);
  }

  committed(group: string, topic: string, partition: number): Promise<Position | null> {
    return this.log
      .positions(group, [topic])
      .then((positions) => positions.find((position) => position.partition === partition) ?? null);
  }

  async commit(number: number, offset: number, metadata: string): Promise<void> {
    await this.#known(number).commit(offset, metadata);
  }

  async heartbeat(number: number): Promise<void> {
    await this.#known(number).heartbeat();
  }

  #known(number: number): Batch {
    const handed = this.#handed.get(number);
    if (!handed) throw new Fenced('this broker handed no such batch to anybody');
    return handed.batch;
  }

  #hand(batch: Batch, member: MemberEnd): Promise<void> {
    this.#batches += 1;
    const number = this.#generationBase + this.#batches;
    const { topic, partition, records, generation, end } = batch;
    const { actor } = this;
    return new Promise((resolve) => {
      const revoke = (): void => this.#network.push(actor, member.actor, () => member.revoke(number));
      batch.revoked.addEventListener('abort', revoke, { once: true });
      const finish = (): void => {
        batch.revoked.removeEventListener('abort', revoke);
        resolve();
      };
      this.#handed.set(number, { batch, resolve: finish });
      const sent = { number, topic, partition, records, generation, end };
      this.#network.push(actor, member.actor, () => member.begin(sent));
    });
  }
}
