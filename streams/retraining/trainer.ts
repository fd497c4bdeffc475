// The trainer: asks for retraining where something speaks for it, and answers the requests of its tasks, one at a time for
// each task in however many processes, and one at a time in this one.
import type { Retraining } from '../../processors/experiments/task-state.ts';
import { Retryable } from '../../schemas/errors.ts';
import type { Ledger } from '../model-ledger.ts';
import type { Stack } from '../stack.ts';
import { answerRequest, type Fit } from './answer.ts';
import { joinTrainers, type Lease } from './lease.ts';
import { removeLeftovers } from './leftovers.ts';
import { startTriggers } from './triggers.ts';

/** Pauses after failures in a row, in looks: 1, 2, 4, … up to this. */
const pausesMax = 32;

/** Starts the job; what is returned stops it and waits for what is under way. A training that is stopped goes on later. */
export async function startTrainer(stack: Stack, ledger: Ledger, fit?: Fit): Promise<() => Promise<void>> {
  const stopTriggers = startTriggers(stack, ledger);
  const trainer = new Trainer(stack, ledger, fit);
  try {
    await trainer.start();
  } catch (error) {
    await trainer.close();
    await stopTriggers();
    throw error;
  }
  return async () => {
    await stopTriggers();
    await trainer.close();
  };
}

interface Work {
  readonly task: string;
  readonly request: string;
  readonly stop: AbortController;
  readonly done: Promise<void>;
}

class Trainer {
  readonly #stack: Stack;
  readonly #ledger: Ledger;
  readonly #fit: Fit | undefined;
  readonly #leases = new Map<string, Lease>();
  /** Looks to be left out after failures, and failures in a row, by request. */
  readonly #pauses = new Map<string, { left: number; failures: number }>();
  #work: Work | null = null;
  #timer: NodeJS.Timeout | undefined;
  #forget: () => void = () => {};
  #closed = false;

  constructor(stack: Stack, ledger: Ledger, fit: Fit | undefined) {
    this.#fit = fit;
    this.#stack = stack;
    this.#ledger = ledger;
  }

  async start(): Promise<void> {
    const { tasks, everyMs } = this.#stack.configuration.retraining;
    for (const task of tasks) this.#leases.set(task, await joinTrainers(this.#stack, task));
    if (tasks.length === 0) return;
    this.#timer = setInterval(() => void this.#look(true), everyMs);
    this.#forget = this.#ledger.onDecision(() => setImmediate(() => void this.#look(false)));
    void this.#look(false);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#forget();
    this.#work?.stop.abort(new Error('the trainer stops'));
    await this.#work?.done;
    await Promise.all([...this.#leases.values()].map((lease) => lease.close()));
  }

  async #look(isByClock: boolean): Promise<void> {
    if (this.#closed) return;
    this.#stopWhatMayNotGoOn();
    if (isByClock) {
      for (const pause of this.#pauses.values()) pause.left -= 1;
      await this.#joinAgain();
      await this.#giveBack();
    }
    if (this.#closed || this.#work !== null) return;
    for (const [task, lease] of this.#leases) {
      const { retraining, frozen, candidate } = this.#ledger.state(task);
      // An answer would be refused while another candidate waits.
      if (retraining === null || frozen !== null || candidate !== null || !lease.isHeld) continue;
      if ((this.#pauses.get(retraining.request)?.left ?? 0) > 0) continue;
      this.#begin(task, retraining);
      return;
    }
  }

  #begin(task: string, asked: Retraining): void {
    const stop = new AbortController();
    const done = this.#answer(task, asked, stop.signal).finally(() => {
      this.#work = null;
      setImmediate(() => void this.#look(false));
    });
    this.#work = { task, request: asked.request, stop, done };
  }

  async #answer(task: string, asked: Retraining, signal: AbortSignal): Promise<void> {
    const { logger } = this.#stack;
    const { request } = asked;
    let shown = '';
    try {
      const { event, counted } = await answerRequest(this.#stack, this.#ledger, task, asked, {
        signal,
        fit: this.#fit,
        onProgress: ({ stage, variant }) => {
          const line = `${stage} ${variant ?? ''}`.trim();
          if (line !== shown) logger.info({ task, request, stage, variant }, 'retraining');
          shown = line;
        },
      });
      this.#pauses.delete(request);
      logger.info({ task, request, event: event.event, release: event.release, counted }, event.reason);
    } catch (error) {
      if (signal.aborted) {
        logger.info(
          { task, request, why: String(signal.reason) },
          'retraining stopped; it will go on where it was',
        );
        return;
      }
      const failures = (this.#pauses.get(request)?.failures ?? 0) + 1;
      this.#pauses.set(request, { failures, left: Math.min(pausesMax, 2 ** (failures - 1)) });
      const level = error instanceof Retryable ? 'warn' : 'error';
      logger[level]({ err: error, task, request, failures }, 'retraining failed; it will be tried again');
    }
  }

  /** Nothing goes on while a person has frozen the task, once another has answered the request, or without the lease. */
  #stopWhatMayNotGoOn(): void {
    if (this.#work === null) return;
    const { task, request, stop } = this.#work;
    const { retraining, frozen } = this.#ledger.state(task);
    if (frozen !== null) stop.abort(new Error(`${task} is frozen by ${frozen.by}`));
    else if (retraining?.request !== request) stop.abort(new Error('the request is answered'));
    else if (!this.#leases.get(task)!.isHeld) stop.abort(new Error('another process trains the task now'));
  }

  async #giveBack(): Promise<void> {
    const { configuration, logger, now } = this.#stack;
    try {
      await removeLeftovers(configuration, (task) => this.#ledger.state(task), now());
    } catch (error) {
      logger.warn({ err: error }, 'what is left of requests could not be removed; the next look tries again');
    }
  }

  async #joinAgain(): Promise<void> {
    for (const [task, lease] of this.#leases) {
      if (!lease.hasEnded || this.#closed) continue;
      try {
        this.#leases.set(task, await joinTrainers(this.#stack, task));
        await lease.close();
      } catch (error) {
        this.#stack.logger.warn({ err: error, task }, 'the group of trainers could not be joined');
      }
    }
  }
}
