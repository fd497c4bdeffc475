// The topic `alerts` as this process knows it: its history, folded, and its messages for whoever delivers them.
import { setTimeout as sleep } from 'node:timers/promises';
import type { StoredRecord } from '../../connectors/log.ts';
import { type Entry, History, type Standing } from '../../processors/alerts/history.ts';
import type { Alert } from '../../schemas/alert.ts';
import { redriveHeaders } from '../dead-letters/republication.ts';
import { type Following, follow } from '../following.ts';
import type { Stack } from '../stack.ts';

const topic = 'alerts';

/** Longest wait for a message that was published to be read back, in milliseconds. */
const readBackMs = 30_000;

export class AlertBook {
  readonly history: History;
  readonly #rememberedMs: number;
  readonly #entries: Entry[] = [];
  readonly #beginnings = new Map<string, number>();
  readonly #listeners = new Set<() => void>();
  #following: Following | null = null;

  private constructor(rememberedMs: number) {
    this.history = new History({ rememberedMs });
    this.#rememberedMs = rememberedMs;
  }

  /** Reads all that the topic holds; throws what the log throws. With `once` it does not follow what comes later. */
  static async open(
    stack: Pick<Stack, 'log' | 'wire' | 'logger' | 'configuration'>,
    options: { readonly once?: boolean } = {},
  ): Promise<AlertBook> {
    const book = new AlertBook(rememberedMs(stack.configuration));
    book.#following = await follow(
      stack,
      topic,
      (message, record) => {
        // What `alerts` decodes to is an alert: the topic’s fields were checked.
        const entry = book.history.take(message as unknown as Alert, standingOf(record));
        book.#forget(entry.time - book.#rememberedMs);
        if (!book.#beginnings.has(entry.incident)) book.#beginnings.set(entry.incident, entry.time);
        book.#entries.push(entry);
        for (const listener of book.#listeners) listener();
      },
      options,
    );
    return book;
  }

  /** What incident ids begin with where no incident of a rule is known. */
  get origin(): string {
    return `from ${this.#following?.start ?? 0}`;
  }

  /** The next offset to be read. */
  get next(): number {
    return this.#following?.next() ?? 0;
  }

  /** Entries from an offset on, in their order. */
  from(offset: number): readonly Entry[] {
    const first = this.#entries.findLastIndex((entry) => entry.offset < offset) + 1;
    return this.#entries.slice(first);
  }

  /** When the incident of an entry began, ms since 1970. */
  beganAt({ incident, time, alert }: Entry): number {
    const latest = this.history.incident(alert.rule);
    return latest?.id === incident ? latest.beganAt : (this.#beginnings.get(incident) ?? time);
  }

  /** Entries that nobody tells any more: whoever begins now finds none of them in the topic. */
  #forget(before: number): void {
    const kept = this.#entries.findIndex(({ time }) => time >= before);
    this.#entries.splice(0, kept < 0 ? this.#entries.length : kept);
    for (const [incident, time] of this.#beginnings) {
      if (time >= before) break;
      this.#beginnings.delete(incident);
    }
  }

  /** Resolves when everything before `offset` is read, or the signal is aborted, or in `readBackMs`. */
  async until(offset: number, signal: AbortSignal): Promise<void> {
    const deadline = performance.now() + readBackMs;
    while (this.next < offset && !signal.aborted && performance.now() < deadline)
      await this.changed(1_000, signal);
  }

  /** Resolves at the next message, after `ms` at the latest, or when the signal is aborted. */
  async changed(ms: number, signal: AbortSignal): Promise<void> {
    const enough = new AbortController();
    const listener = () => enough.abort();
    this.#listeners.add(listener);
    await sleep(ms, undefined, { signal: AbortSignal.any([signal, enough.signal]) }).catch(() => {});
    this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    await this.#following?.close();
  }
}

/** How long ago what matters may be: in the topic still, or not yet given up, or about to be repeated. */
const rememberedMs = ({ log, alerting }: Stack['configuration']): number =>
  Math.max(log.retentionMs, alerting.giveUpMs, 2 * alerting.repeatMs);

function standingOf({ offset, timestamp: time, headers }: StoredRecord): Standing {
  const letter = headers[redriveHeaders.letter]?.toString();
  const origin = headers[redriveHeaders.origin]?.toString();
  const isRedriven = letter !== undefined && origin !== undefined;
  return { offset, time, redriven: isRedriven ? { letter, origin } : null };
}

/** Publishes alerts; throws what the log throws. */
export async function publishAlerts(
  { log, wire, now }: Pick<Stack, 'log' | 'wire' | 'now'>,
  alerts: readonly Alert[],
): Promise<number> {
  if (alerts.length === 0) return 0;
  const [published] = await log.publish([{ topic, records: wire.encode(topic, alerts, now()) }]);
  return published ? published.baseOffset + published.count : 0;
}
