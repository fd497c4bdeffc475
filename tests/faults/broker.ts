// A real Kafka broker and, where a case needs one, a schema registry: started, killed, stopped, paused, emptied.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin, Producer } from 'kafkajs';
import { type Daemon, runningPid, startDaemon, stopDaemon } from '../../infra/kafka/daemon.ts';
import { checkJava, fetchKafka, fetchRegistry } from '../../infra/kafka/jars.ts';
import { prepareBroker, prepareRegistry } from '../../infra/kafka/settings.ts';
import { atEnd } from './children.ts';
import { faultsHeader } from './evidence.ts';
import type { Outgoing, Publish } from './injector.ts';
import { plainKafka } from './kafka-reading.ts';

const silent = () => {};

export class Broker {
  readonly #port: number;
  readonly #registryPort: number;
  readonly #data: string;
  #daemon: Daemon | null = null;
  #registry: Daemon | null = null;
  /** Partitions of `comments` that the injector writes to. */
  partitions = 4;

  /** Takes `port`, the one after it for the controller, and the one after that for the registry. */
  constructor(data: string, port: number) {
    this.#data = data;
    this.#port = port;
    this.#registryPort = port + 2;
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  get registryUrl(): string {
    return `http://127.0.0.1:${this.#registryPort}/apis/ccompat/v7`;
  }

  async start(): Promise<void> {
    if (!this.#daemon) {
      checkJava();
      this.#daemon = await prepareBroker(await fetchKafka(silent), this.#data, this.#port, null);
      const daemon = this.#daemon;
      atEnd(async () => void (await stopNow(daemon)));
    }
    await startDaemon(this.#daemon);
  }

  async kill(): Promise<void> {
    if (this.#daemon) await stopNow(this.#daemon);
  }

  /** Stops (or goes on with) the process as it is: connections stay and nothing answers. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    const pid = this.#daemon && runningPid(this.#daemon);
    if (pid) process.kill(pid, signal);
  }

  async startRegistry(): Promise<void> {
    if (!this.#registry) {
      this.#registry = await prepareRegistry(await fetchRegistry(silent), this.#data, this.#registryPort);
      const daemon = this.#registry;
      atEnd(async () => void (await stopNow(daemon)));
    }
    await startDaemon(this.#registry);
  }

  async killRegistry(): Promise<void> {
    if (this.#registry) await stopNow(this.#registry);
  }

  async asAdmin<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
    const admin = plainKafka(this.address).admin();
    await admin.connect();
    try {
      return await work(admin);
    } finally {
      await admin.disconnect();
    }
  }

  /** Removes every topic and group, so that the next case begins with none. */
  async empty(): Promise<void> {
    this.partitions = 4;
    await this.asAdmin(async (admin) => {
      const { groups } = await admin.listGroups();
      if (groups.length > 0) await admin.deleteGroups(groups.map(({ groupId }) => groupId)).catch(silent);
      for (let tries = 0; tries < 100; tries += 1) {
        const topics = (await admin.listTopics()).filter((name) => !name.startsWith('__'));
        if (topics.length === 0) return;
        await admin.deleteTopics({ topics }).catch(silent);
        await sleep(100);
      }
    });
  }

  /** Publishes with a producer of its own, one attempt each; a failure leaves it open whether it was applied. */
  publisher(): { readonly publish: Publish; readonly close: () => Promise<void> } {
    let producer: Producer | null = null;
    const connected = async () => {
      if (producer) return producer;
      const fresh = plainKafka(this.address).producer({
        retry: { retries: 0 },
        allowAutoTopicCreation: false,
      });
      await fresh.connect();
      producer = fresh;
      return fresh;
    };
    const close = async () => {
      const old = producer;
      producer = null;
      await old?.disconnect().catch(silent);
    };
    return {
      publish: async (messages) => {
        try {
          const sender = await connected();
          const sent = messages.map((one) => this.#message(one));
          const answers = await sender.send({ topic: 'comments', acks: -1, messages: sent });
          // What goes to a partition that it does not know yet, kafkajs leaves out without a word.
          const answered = new Set(answers.map(({ partition }) => partition));
          const silent = sent.find(({ partition }) => !answered.has(partition));
          if (silent) throw new Error(`nothing was said about partition ${silent.partition}`);
        } catch (error) {
          await close();
          throw error;
        }
      },
      close,
    };
  }

  #message({ id, key, kind, value }: Outgoing) {
    return {
      key,
      value,
      partition: partitionOf(key, this.partitions),
      headers: { [faultsHeader]: `${kind}:${id}` },
    };
  }
}

/** Keys end in a number. */
const partitionOf = (key: string, partitions: number): number =>
  Number(/\d+$/.exec(key)?.[0] ?? 0) % partitions;

/** Kills a daemon at once, and forgets its process id. */
async function stopNow(daemon: Daemon): Promise<void> {
  const pid = runningPid(daemon);
  if (pid) process.kill(pid, 'SIGKILL');
  for (let tries = 0; pid && isThere(pid) && tries < 200; tries += 1) await sleep(50);
  await stopDaemon(daemon);
}

function isThere(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8') !== '';
  } catch {
    return false;
  }
}
