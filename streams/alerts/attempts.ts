// The tries to bring a notification to its channel: until it is taken, for as long as it takes, with growing pauses and
// full jitter. A channel in trouble is itself something to tell of: through the others.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Channel, NotificationRefused } from '../../connectors/notification/channel.ts';
import type { Entry } from '../../processors/alerts/history.ts';
import { Fenced, Retryable } from '../../schemas/errors.ts';
import type { Notification } from '../../schemas/notification.ts';
import { raise } from '../alerts.ts';
import type { Stack } from '../stack.ts';
import type { AlertBook } from './book.ts';
import type { Refusal } from './letters.ts';

/** A channel that has not taken anything for so long is told of, in milliseconds. */
const troubleMs = 60_000;
/** Longest pause that another side may ask for, in milliseconds. */
const retryAfterMsMax = 3_600_000;

export interface AttemptsOptions {
  readonly channel: Channel;
  readonly book: AlertBook;
  readonly channels: readonly string[];
}

export class Attempts {
  readonly #stack: Stack;
  readonly #options: AttemptsOptions;

  constructor(stack: Stack, options: AttemptsOptions) {
    this.#stack = stack;
    this.#options = options;
  }

  /** Null when it was taken, else why it never will be. Throws `Fenced` when the signal is aborted before that. */
  async send(
    notification: Notification,
    entries: readonly Entry[],
    signal: AbortSignal,
  ): Promise<Refusal | null> {
    const { now, configuration } = this.#stack;
    const { giveUpMs } = configuration.alerting;
    const startedAt = now();
    for (let attempt = 1; ; attempt += 1) {
      const failure = await this.#try(notification, signal);
      if (failure === null) return null;
      if (failure instanceof NotificationRefused) {
        await this.#tellOthers(entries, failure);
        return { code: 'processor-refused', reason: failure.message };
      }
      if (now() - entries.at(-1)!.time > giveUpMs)
        return { code: 'processing-failed', reason: `given up after ${attempt} tries: ${failure.message}` };
      if (now() - startedAt >= troubleMs) await this.#tellOthers(entries, failure);
      const pauseMs = this.#pauseMs(attempt, failure);
      this.#log(failure, { attempt, pauseMs });
      await sleep(pauseMs, undefined, { signal }).catch(() => {});
    }
  }

  async #try(
    notification: Notification,
    signal: AbortSignal,
  ): Promise<Retryable | NotificationRefused | null> {
    try {
      if (signal.aborted) throw lost();
      await this.#options.channel.send(notification, signal);
      await this.#tellRecovery();
      return null;
    } catch (error) {
      if (signal.aborted) throw lost();
      if (error instanceof Retryable || error instanceof NotificationRefused) return error;
      throw error;
    }
  }

  #pauseMs(attempt: number, failure: Retryable): number {
    const { retryDelayMs, retryDelayMaxMs } = this.#stack.configuration.alerting;
    const ceilingMs = Math.min(retryDelayMaxMs, retryDelayMs * 2 ** Math.min(attempt - 1, 30));
    const asked = Number(failure.context.retryAfterMs ?? 0);
    return Math.min(asked, retryAfterMsMax) + Math.ceil(Math.random() * ceilingMs);
  }

  #log(error: Retryable, more: object): void {
    const { name } = this.#options.channel;
    this.#stack.logger.warn({ err: error, channel: name, ...more }, 'a notification was not taken');
  }

  get #rule(): string {
    return `channel/${this.#options.channel.name}`;
  }

  async #tellOthers([first]: readonly Entry[], { message }: Error): Promise<void> {
    const { book, channel, channels } = this.#options;
    if (book.history.incident(this.#rule)?.endedAt === null) return;
    const others = channels.filter((name) => name !== channel.name).join(',');
    const incident = String(first!.offset);
    await raise(this.#stack, {
      rule: this.#rule,
      severity: 'warning',
      state: 'firing',
      summary: `notifications do not get through: ${message}`,
      incident,
      evidence: { incident, channel: channel.name, ...(others === '' ? {} : { channels: others }) },
    });
  }

  async #tellRecovery(): Promise<void> {
    const open = this.#options.book.history.incident(this.#rule);
    if (open?.endedAt !== null) return;
    const { evidence } = open.alert;
    await raise(this.#stack, {
      rule: this.#rule,
      severity: open.alert.severity,
      state: 'resolved',
      summary: 'notifications get through again',
      incident: evidence.incident ?? '',
      evidence: { ...evidence },
    });
  }
}

const lost = (): Fenced => new Fenced('alerts is being taken away');
