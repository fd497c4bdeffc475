// A candidate of an experiment in an engine of its own: whatever it does there, what serves goes on. It fails, crashes or
// is late for itself alone, and one that does so again and again is not asked for a while.
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../../connectors/logger.ts';
import type { Metrics } from '../../connectors/metrics.ts';
import type { Answer } from '../../processors/inference/arms.ts';
import { ModelCrashed } from '../../processors/inference/call.ts';
import type { Answers, Engine } from '../../processors/inference/engine.ts';
import type { Asking } from '../../processors/inference/inference.ts';
import { ModelBreaker } from '../model-breaker.ts';

export interface CandidateOptions {
  readonly task: string;
  /** `task@version`. */
  readonly release: string;
  /** Null for one that could not be loaded: it answers nothing, and that is counted against it. */
  readonly engine: Pick<Engine, 'predict' | 'close'> | null;
  /** It is late after so long, or after three times as long as what serves took, whichever is more. */
  readonly lateMs: number;
  readonly metrics: Pick<Metrics, 'inferenceTexts'>;
  readonly logger: Pick<Logger, 'warn'>;
}

const slownessMax = 3;

export class Candidate {
  readonly #options: CandidateOptions;
  readonly #breaker = new ModelBreaker(() => performance.now());

  constructor(options: CandidateOptions) {
    this.#options = options;
  }

  /** See `Trial.ask`. */
  async ask(
    texts: readonly string[],
    beside: Promise<unknown>,
    asking?: Asking,
  ): Promise<readonly (Answer | null)[]> {
    const { engine, task, release, metrics, logger } = this.#options;
    const silence = texts.map(() => null);
    if (engine === null || !this.#breaker.admits()) return silence;
    const patience = new AbortController();
    const late = this.#lateness(beside, patience.signal, asking?.withinMs);
    try {
      const said = await Promise.race([this.#answers(engine, texts, asking), late]);
      this.#breaker.succeeded();
      metrics.inferenceTexts.add({ task, release }, texts.length);
      return said;
    } catch (error) {
      if (this.#breaker.failed())
        logger.warn(
          { err: error, task, release },
          'a candidate failed repeatedly; it is not asked for a while',
        );
      return silence;
    } finally {
      patience.abort();
    }
  }

  async close(): Promise<void> {
    await this.#options.engine?.close(closeMs);
  }

  /** Texts that end threads are nobody’s answer; the others are asked anew. */
  async #answers(
    engine: Pick<Engine, 'predict'>,
    texts: readonly string[],
    asking: Asking | undefined,
  ): Promise<readonly (Answer | null)[]> {
    try {
      const [answers] = await engine.predict([this.#options.task], texts, asking);
      return texts.map((_, row) => (isSound(answers!, row) ? { answers: answers!, row } : null));
    } catch (error) {
      if (!(error instanceof ModelCrashed)) throw error;
      const crashed = new Set(error.places);
      const others = texts.filter((_, place) => !crashed.has(place));
      const said = others.length === 0 ? [] : [...(await this.#answers(engine, others, asking))];
      return texts.map((_, place) => (crashed.has(place) ? null : (said.shift() ?? null)));
    }
  }

  /** Rejects when the candidate is late; never after `signal` is aborted. */
  async #lateness(
    beside: Promise<unknown>,
    signal: AbortSignal,
    withinMs = Number.POSITIVE_INFINITY,
  ): Promise<never> {
    const started = performance.now();
    // A person who waits has half of the time left for the answer that is sure.
    if (withinMs === Number.POSITIVE_INFINITY) await beside.catch(() => {});
    const besideMs = performance.now() - started;
    const allowedMs = Math.min(Math.max(this.#options.lateMs, slownessMax * besideMs), withinMs / 2);
    await sleep(Math.max(0, allowedMs - besideMs), undefined, { signal }).catch(() => {});
    // An answer that has come while this thread was at other work is there in time.
    await nextTurn();
    if (signal.aborted) return new Promise<never>(() => {});
    throw new Error(`the candidate did not answer within ${Math.round(allowedMs)} ms`);
  }
}

/** What a candidate still runs when its experiment has ended is given up after so long. */
const closeMs = 5_000;

function isSound({ labels, probabilities }: Answers, row: number): boolean {
  for (let at = row * labels.length; at < (row + 1) * labels.length; at++)
    if (!Number.isFinite(probabilities[at])) return false;
  return true;
}
