// One channel’s deliveries: a consumer group of its own on the topic `alerts`, so that a channel that is down holds up
// no other, and its backlog is the topic itself. For each notification, in order:
//   1. the group commits which messages it is about to tell;
//   2. the channel takes it, now or after any number of tries; what it refuses for good goes to the dead letters;
//   3. the group commits that they are told.
// Who is killed in between leaves a successor to tell the same notification again, under the same id.
import type { Batch, BatchHandler } from '../../connectors/log.ts';
import type { Entry } from '../../processors/alerts/history.ts';
import {
  goingOn,
  groupOfEntry,
  isFor,
  notificationOf,
  type Route,
} from '../../processors/alerts/notification.ts';
import { Fenced } from '../../schemas/errors.ts';
import { Handling } from '../loop/handling.ts';
import type { Stack } from '../stack.ts';
import { Attempts } from './attempts.ts';
import type { AlertBook } from './book.ts';
import type { OpenChannel } from './channels.ts';
import { type Journal, noJournal, parseJournal, printJournal } from './journal.ts';
import { publishLetters } from './letters.ts';
import { keepPlace, persist } from './membership.ts';

/** A channel that is new is told what came in the hour before, not what the topic holds of the past. */
const newChannelMs = 3_600_000;
/** Alerts in one notification. */
const alertsMax = 50;
/** Longest time without a look at what else has come, in milliseconds. */
const waitMsMax = 1_000;

export interface DeliveryOptions extends OpenChannel {
  readonly book: AlertBook;
  /** Names of all channels, so that the others hear when this one is in trouble. */
  readonly channels: readonly string[];
}

export const deliveryGroup = (channel: string): string => `millrace-notify-${channel}`;

/** Starts to deliver; what is returned stops it. Nothing that was not delivered is committed. */
export async function startDelivery(stack: Stack, options: DeliveryOptions): Promise<() => Promise<void>> {
  const { channel, matchers, book } = options;
  const { sessionTimeoutMs } = stack.configuration.kafka;
  const startedAt = stack.now();
  const handler = (): BatchHandler => {
    const delivery = new Delivery(stack, options, startedAt);
    return async (batch) => {
      const handling = new Handling(batch, { sessionTimeoutMs, abandoned: () => {} });
      try {
        await handling.alive(delivery.handle(batch));
      } catch (error) {
        if (!(await handling.isLost(error))) throw error;
      } finally {
        handling.end();
      }
    };
  };
  const place = { group: deliveryGroup(channel.name), does: `telling ${channel.name}`, handler };
  const membership = await keepPlace(stack, place);
  const route = { channel: channel.name, matchers };
  const closing = new AbortController();
  const { renewal } = channel;
  const renew = async () => {
    if (!membership.isOwner) return;
    const alerts = goingOn(book.history.firing, route);
    if (alerts.length > 0) await renewal?.renew(alerts, closing.signal);
  };
  let renewing: Promise<void> = Promise.resolve();
  const timer =
    renewal &&
    setInterval(() => {
      renewing = renew().catch((error: unknown) =>
        stack.logger.warn({ err: error, channel: channel.name }, 'alerts could not be renewed'),
      );
    }, renewal.everyMs);
  return async () => {
    clearInterval(timer);
    closing.abort();
    await membership.close();
    await renewing;
  };
}

/** What the group has committed, in the tenure of the partition that it was read in. */
interface Tenure {
  readonly generation: number;
  offset: number;
  journal: Journal;
}

class Delivery {
  readonly #stack: Stack;
  readonly #options: DeliveryOptions;
  readonly #route: Route;
  readonly #attempts: Attempts;
  readonly #startedAt: number;
  #tenure: Tenure | null = null;

  constructor(stack: Stack, options: DeliveryOptions, startedAt: number) {
    this.#stack = stack;
    this.#options = options;
    this.#route = { channel: options.channel.name, matchers: options.matchers };
    this.#attempts = new Attempts(stack, options);
    this.#startedAt = startedAt;
  }

  /** Resolves when all that is in the topic by now is told or goes nowhere. */
  async handle(batch: Batch): Promise<void> {
    const { book } = this.#options;
    const last = batch.records.at(-1);
    if (!last) return;
    await book.until(last.offset + 1, batch.revoked);
    const tenure = await this.#tenureOf(batch);
    // What came beside an earlier batch was told with it.
    while (tenure.offset <= last.offset) {
      mustGoOn(batch);
      const next = this.#next(tenure);
      if (next === null) await this.#commit(batch, tenure, { offset: book.next, journal: noJournal });
      else if (next.waitMs > 0) await book.changed(Math.min(next.waitMs, waitMsMax), batch.revoked);
      else await this.#tell(batch, tenure, next.entries);
    }
  }

  async #tenureOf(batch: Batch): Promise<Tenure> {
    if (this.#tenure?.generation === batch.generation) return this.#tenure;
    const committed = await this.#persist(batch, () => batch.committed());
    const { generation } = batch;
    const tenure: Tenure = committed
      ? { generation, offset: committed.offset, journal: parseJournal(committed.metadata) }
      : { generation, offset: 0, journal: noJournal };
    this.#tenure = tenure;
    if (!committed) {
      const since = this.#startedAt - newChannelMs;
      const { book } = this.#options;
      const first = book.from(0).find(({ time }) => time >= since);
      await this.#commit(batch, tenure, { offset: first?.offset ?? book.next, journal: noJournal });
    }
    return tenure;
  }

  /** The group whose first alert is the oldest, and how long others may still join it; null when there is none. */
  #next({ offset, journal }: Tenure): { readonly entries: readonly Entry[]; readonly waitMs: number } | null {
    const open = this.#options.book.from(offset);
    const begun = open.filter((entry) => journal.telling.includes(entry.offset));
    if (begun.length > 0) return { entries: begun, waitMs: 0 };
    const waiting = open.filter((entry) => this.#isWaiting(entry, journal));
    const [first] = waiting;
    if (!first) return null;
    const entries = waiting.filter((entry) => groupOfEntry(entry) === groupOfEntry(first));
    const waitMs = first.time + this.#stack.configuration.alerting.groupMs - this.#stack.now();
    return { entries: entries.slice(0, alertsMax), waitMs: entries.length >= alertsMax ? 0 : waitMs };
  }

  #isWaiting(entry: Entry, { told }: Journal): boolean {
    return isFor(entry, this.#route) && !told.includes(entry.offset);
  }

  async #tell(batch: Batch, tenure: Tenure, entries: readonly Entry[]): Promise<void> {
    const { book } = this.#options;
    const offsets = entries.map(({ offset }) => offset);
    const { told } = tenure.journal;
    await this.#commit(batch, tenure, { offset: tenure.offset, journal: { told, telling: offsets } });
    const notification = notificationOf(entries, (entry) => book.beganAt(entry));
    const refusal = await this.#attempts.send(notification, entries, batch.revoked);
    if (refusal) {
      const letters = { entries, refusal };
      await this.#persist(batch, () => publishLetters(this.#stack, this.#route.channel, letters));
    }
    const journal = { told: [...told, ...offsets].sort((a, b) => a - b), telling: [] };
    const next = book.from(tenure.offset).find((entry) => this.#isWaiting(entry, journal));
    const offset = next?.offset ?? book.next;
    const ahead = journal.told.filter((each) => each >= offset);
    await this.#commit(batch, tenure, { offset, journal: { told: ahead, telling: [] } });
  }

  async #commit(batch: Batch, tenure: Tenure, state: Pick<Tenure, 'offset' | 'journal'>): Promise<void> {
    await this.#persist(batch, () => batch.commit(state.offset, printJournal(state.journal)));
    Object.assign(tenure, state);
  }

  /** What was told must not be told again because the log was away for a moment. */
  #persist<T>({ revoked: signal }: Batch, work: () => Promise<T>): Promise<T> {
    return persist(work, { logger: this.#stack.logger, signal });
  }
}

function mustGoOn({ revoked }: Batch): void {
  if (revoked.aborted) throw new Fenced('alerts is being taken away');
}
