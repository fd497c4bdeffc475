// One world from one seed: a log, workers or none around it, ClickHouse, a producer, and troubles until a given time.
// Then everything is mended, has to drain, and is checked.
import type { Log } from '../../connectors/log.ts';
import type { Wire } from '../../connectors/wire/wire.ts';
import { Retryable } from '../../schemas/errors.ts';
import { Broker, openSimulatedLog } from './broker.ts';
import { ClickhouseServer, RemoteClickhouse } from './clickhouse-server.ts';
import { Actor, Clock } from './clock.ts';
import { Disk } from './disk.ts';
import { type Climate, calm, drawClimate, Tally } from './faults.ts';
import { Holdings, Ledger } from './ledger.ts';
import { sinkTopics } from './messages.ts';
import { Network, type Surroundings } from './network.ts';
import { Producer } from './producer.ts';
import { Random } from './random.ts';
import { remoteLog } from './remote-log.ts';
import type { Sabotage } from './sabotage.ts';
import { ClickhouseStorage } from './table.ts';
import { Trace } from './trace.ts';
import { diskTrouble, type FullDisk } from './trouble.ts';
import { planTroubles } from './troubles.ts';
import { startWorker, type Worker } from './worker.ts';

/** 2026-02-01: virtual time begins at the same instant in every world. */
const beginning = 1_769_904_000_000;

/**
 * Inserts whose tokens a table remembers: as with the 10,000 of production, a half of them is far more than what is
 * inserted while one insert is under way.
 */
const tokenWindow = 300;

/** A place for a worker: whoever dies in it is followed by another. */
export interface Slot {
  readonly number: number;
  readonly skewMs: number;
  actor: Actor;
  lives: number;
  workers: Worker[];
}

export class World {
  readonly clock = new Clock(beginning);
  readonly tally = new Tally();
  readonly trace: Trace;
  readonly random: Random;
  readonly productionRandom: Random;
  readonly drawn: Climate;
  readonly disk: Disk;
  readonly producer: Producer;
  readonly violations: string[] = [];
  readonly clickhouse: ClickhouseServer;
  readonly network: Network;
  readonly ledger: Ledger;
  readonly slots: Slot[] = [];
  broker: Broker | null = null;
  readonly wire: Wire;
  readonly #sabotage: Sabotage;
  readonly self = new Actor('world');
  readonly storage: ClickhouseStorage;
  readonly full: FullDisk = { until: 0 };
  #climate: Climate;
  brokerActor = new Actor('broker#0');
  #brokerLives = 0;

  constructor(seed: number, wire: Wire, sabotage: Sabotage, print: ((line: string) => void) | null) {
    this.random = new Random(seed);
    this.productionRandom = new Random(seed ^ 0x5bd1e995);
    this.drawn = drawClimate(this.random);
    this.#climate = this.drawn;
    this.wire = wire;
    this.#sabotage = sabotage;
    this.trace = new Trace(beginning, print);
    this.storage = new ClickhouseStorage({
      topics: sinkTopics,
      window: tokenWindow,
      viewsRemember: sabotage.viewsRemember,
    });
    const surroundings = this.#surroundings();
    this.network = new Network(surroundings);
    this.ledger = new Ledger(wire, this.tally, this.storage);
    this.clickhouse = new ClickhouseServer(surroundings, this.storage, this.#skew());
    this.producer = new Producer(surroundings, this.network, wire);
    this.disk = new Disk(diskTrouble(surroundings, this.full, sabotage.unsynced));
    this.clock.onCrash = (actor, error) => this.#crashed(actor, error);
  }

  #surroundings(): Surroundings {
    const { clock, random, trace, tally } = this;
    return {
      clock,
      random,
      trace,
      tally,
      climate: () => this.#climate,
      kill: (actor, why) => this.kill(actor, why),
    };
  }

  #skew(): number {
    return this.random.between(-this.drawn.skewMs, this.drawn.skewMs);
  }

  note(who: string, what: string): void {
    this.trace.note(this.clock.now, who, what);
  }

  start(): void {
    this.note('world', JSON.stringify(this.drawn));
    this.#startBroker(0);
    if (this.drawn.kind === 'distributed')
      for (let number = 0; number < this.drawn.workers; number += 1) this.startSlot(this.newSlot(number));
    this.producer.start(() => this.broker);
    planTroubles(this);
  }

  // --- Lives and deaths

  #startBroker(delayMs: number): void {
    this.clock.after(this.self, delayMs, () => {
      this.#brokerLives += 1;
      const life = this.#brokerLives;
      const actor = new Actor(`broker#${life}`);
      this.brokerActor = actor;
      this.clock.after(actor, 1, () => {
        openSimulatedLog(this.#surroundings(), this.drawn).then(
          (log) => this.#opened(log, actor, life),
          (error) => this.#unopened(actor, error),
        );
      });
    });
  }

  #opened(log: Log, actor: Actor, life: number): void {
    this.note(actor.name, 'open');
    this.broker = new Broker(this.#surroundings(), this.network, this.ledger, log, actor, life);
    if (this.drawn.kind === 'distributed') return;
    const slot = this.slots[0] ?? this.newSlot(0);
    slot.actor = actor;
    slot.workers = [];
    for (let number = 0; number < this.drawn.workers; number += 1)
      this.#run(slot, (holdings) => this.broker!.viewOf(holdings));
  }

  /** A full disk keeps a log from opening; nothing else may. */
  #unopened(actor: Actor, error: unknown): void {
    if (!actor.alive) return;
    if (this.clock.now >= this.full.until) this.#crashed(actor, error);
    this.kill(actor, 'the disk is full');
  }

  newSlot(number: number): Slot {
    const slot = {
      number,
      skewMs: this.#skew(),
      actor: new Actor(`worker${number}#0`),
      lives: 0,
      workers: [],
    };
    this.slots.push(slot);
    return slot;
  }

  startSlot(slot: Slot): void {
    slot.lives += 1;
    slot.workers = [];
    slot.actor = new Actor(`worker${slot.number}#${slot.lives}`);
    const { actor } = slot;
    this.clock.after(actor, 1, () => {
      this.note(actor.name, 'starts');
      const world = this.#surroundings();
      const { network } = this;
      this.#run(slot, (holdings) =>
        remoteLog({ world, network, actor, holdings, current: () => this.broker }),
      );
    });
  }

  #run(slot: Slot, logOf: (holdings: Holdings) => Log): void {
    const { actor, skewMs } = slot;
    const world = this.#surroundings();
    const clickhouse = new RemoteClickhouse(actor, this.network, this.clickhouse);
    const concurrency = this.random.pick([1, 4]);
    const holdings = new Holdings();
    const given = { wire: this.wire, sabotage: this.#sabotage, log: logOf(holdings), holdings };
    startWorker({ world, actor, clickhouse, skewMs, concurrency, ...given }).then(
      (worker) => {
        slot.workers.push(worker);
        for (const { done } of worker.subscriptions) done.catch((error) => this.#stopped(actor, error));
      },
      (error) => this.#stopped(actor, error),
    );
  }

  /** A stream that stops ends its process, which is started again: only what no restart mends is wrong. */
  #stopped(actor: Actor, error: unknown): void {
    if (!actor.alive) return;
    if (!(error instanceof Retryable)) this.#crashed(actor, error);
    this.kill(actor, 'a stream stopped');
  }

  #crashed(actor: Actor, error: unknown): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.violations.push(`${actor.name} stopped: ${text}`);
    // Without the stack, which differs where code differs that does the same.
    this.note(actor.name, `stopped: ${error}`);
  }

  /** Ends a process as `kill -9` does, or with its machine. What was in it is started again after a while. */
  kill(actor: Actor, why: string): void {
    if (!actor.alive || actor === this.producer.actor || actor === this.self) return;
    actor.alive = false;
    this.note(actor.name, `dies: ${why}`);
    const delayMs = this.random.between(50, 4_000);
    if (actor === this.brokerActor) {
      this.tally.add('log died');
      this.broker = null;
      if (this.#climate.losesPower && this.random.chance(0.5)) {
        this.tally.add('machine lost power');
        this.note(actor.name, 'its machine loses power');
        this.disk.losePower(this.random);
      }
      this.#startBroker(delayMs);
    } else if (actor === this.clickhouse.actor) {
      this.tally.add('ClickHouse died');
      this.clock.after(this.self, delayMs, () => this.clickhouse.restart());
    } else {
      this.tally.add('worker died');
      this.restartLater(actor, delayMs);
    }
  }

  restartLater(actor: Actor, delayMs: number): void {
    const slot = this.slots.find((candidate) => candidate.actor === actor);
    if (slot) this.clock.after(this.self, delayMs, () => this.startSlot(slot));
  }

  /** Whether troubles still come by themselves. */
  get isTroubled(): boolean {
    return this.#climate === this.drawn;
  }

  /** No new troubles from here on. */
  mend(): void {
    this.note('world', 'everything is mended');
    this.#climate = calm(this.drawn);
    this.full.until = 0;
  }

  /** Runs `ask` as an event of the log's process; null when there is none. */
  async askLog<T>(ask: (log: Log) => Promise<T>): Promise<T | null> {
    const { broker } = this;
    if (!broker) return null;
    let answer: { readonly value: T } | null = null;
    this.clock.after(broker.actor, 0, () => {
      ask(broker.log).then(
        (value) => {
          answer = { value };
        },
        (error) => this.clock.caught(error),
      );
    });
    await this.clock.drive(
      () => answer !== null || !broker.actor.alive,
      this.clock.now + 60_000,
      Number.MAX_VALUE,
    );
    return (answer as { readonly value: T } | null)?.value ?? null;
  }
}
