// An engine in front of which a simpler model, or rules, stand ready: they answer for a task whose model failed, was
// late, or did so again and again and is not asked for a while. The answer names who gave it as its release.
import type { Logger } from '../connectors/logger.ts';
import type { Metrics } from '../connectors/metrics.ts';
import { ModelCrashed } from '../processors/inference/call.ts';
import type { Answers } from '../processors/inference/engine.ts';
import type { Asking } from '../processors/inference/inference.ts';
import type { Input } from '../processors/inference/model.ts';
import { Overloaded, Retryable } from '../schemas/errors.ts';
import type { Answering } from './answer-cache.ts';
import { ModelBreaker } from './model-breaker.ts';

/** Answers in a model’s place. */
export interface Substitute {
  /** Its release, or `rules/<task>@1.0.0`. */
  readonly release: string;
  answer(texts: readonly Input[]): Promise<Answers>;
}

export interface FallbackOptions {
  /** By task. */
  readonly substitutes: ReadonlyMap<string, Substitute>;
  readonly metrics: Pick<Metrics, 'inferenceFallbacks'>;
  readonly logger: Pick<Logger, 'warn' | 'info'>;
  /** Milliseconds, steady. */
  readonly now?: () => number;
}

type Predicting = Pick<Answering, 'predict'>;

/** Why a substitute answers. */
type Reason = 'failed' | 'late' | 'open';

/**
 * An engine with substitutes. Tasks without one are as before: what fails, fails. A text that ends threads
 * (`ModelCrashed`), a full queue (`Overloaded`) and an engine that closes are not the model’s failure, and are thrown.
 * A call is late when it is not answered `asking.withinMs` after it was made.
 */
export function withFallback(engine: Predicting, options: FallbackOptions): Predicting {
  return options.substitutes.size === 0 ? engine : new FallbackEngine(engine, options);
}

class FallbackEngine implements Predicting {
  readonly #engine: Predicting;
  readonly #options: FallbackOptions;
  readonly #breakers: ReadonlyMap<string, ModelBreaker>;

  constructor(engine: Predicting, options: FallbackOptions) {
    this.#engine = engine;
    this.#options = options;
    const now = options.now ?? (() => performance.now());
    this.#breakers = new Map([...options.substitutes.keys()].map((task) => [task, new ModelBreaker(now)]));
  }

  async predict(
    tasks: readonly string[],
    texts: readonly Input[],
    asking?: Asking,
  ): Promise<readonly Answers[]> {
    const asked = tasks.filter((task) => this.#breakers.get(task)?.admits() ?? true);
    const dueAt = performance.now() + (asking?.withinMs ?? Number.POSITIVE_INFINITY);
    const answered = new Map<string, Answers>();
    for (const task of tasks)
      if (!asked.includes(task)) answered.set(task, await this.#substitute(task, texts, 'open'));
    if (asked.length > 0)
      for (const answers of await this.#ask(asked, texts, asking, dueAt)) answered.set(answers.task, answers);
    return tasks.map((task) => answered.get(task)!);
  }

  /** All tasks at once; where that fails, each by itself: the engine does not say whose model it was. */
  async #ask(
    tasks: readonly string[],
    texts: readonly Input[],
    asking: Asking | undefined,
    dueAt: number,
  ): Promise<readonly Answers[]> {
    const call = this.#engine.predict(tasks, texts, asking);
    try {
      const answers = await inTime(call, dueAt);
      for (const task of tasks) this.#succeeded(task);
      return answers;
    } catch (error) {
      if (error instanceof Late) return this.#late(tasks, texts, error, call);
      const [task = ''] = tasks;
      if (isNotOfModel(error) || (tasks.length === 1 && !this.#breakers.has(task))) {
        for (const one of tasks) this.#breakers.get(one)?.withdrawn();
        throw error;
      }
      if (tasks.length === 1) return [await this.#failed(task, texts, error)];
      return (await Promise.all(tasks.map((one) => this.#ask([one], texts, asking, dueAt)))).flat();
    }
  }

  /** No time is left to find out who is late: all that have a substitute are answered for, the others waited for. */
  async #late(
    tasks: readonly string[],
    texts: readonly Input[],
    late: Late,
    call: Promise<readonly Answers[]>,
  ): Promise<readonly Answers[]> {
    const replaced = tasks.filter((task) => this.#breakers.has(task));
    const instead = await Promise.all(replaced.map((task) => this.#failed(task, texts, late)));
    if (replaced.length === tasks.length) return instead;
    return [...instead, ...(await call).filter(({ task }) => !replaced.includes(task))];
  }

  #succeeded(task: string): void {
    const breaker = this.#breakers.get(task);
    const wasOpen = breaker?.isOpen;
    breaker?.succeeded();
    if (wasOpen && !breaker?.isOpen)
      this.#options.logger.info({ task }, 'the model answers again; its substitute stands back');
  }

  #failed(task: string, texts: readonly Input[], error: unknown): Promise<Answers> {
    const release = this.#options.substitutes.get(task)!.release;
    if (this.#breakers.get(task)!.failed())
      this.#options.logger.warn(
        { task, release, error },
        'the model failed repeatedly; its substitute answers',
      );
    return this.#substitute(task, texts, error instanceof Late ? 'late' : 'failed');
  }

  async #substitute(task: string, texts: readonly Input[], reason: Reason): Promise<Answers> {
    const substitute = this.#options.substitutes.get(task)!;
    const answers = await substitute.answer(texts);
    this.#options.metrics.inferenceFallbacks.add({ task, release: answers.release, reason }, texts.length);
    return answers;
  }
}

class Late extends Error {
  override readonly name = 'Late';
}

/** What nothing but the text, or the load, or the end of the process is to blame for. */
const isNotOfModel = (error: unknown): boolean =>
  error instanceof ModelCrashed ||
  error instanceof Overloaded ||
  (error instanceof Retryable && error.code === 'engine-closed');

/** The answer, or `Late` when there is none by `dueAt` (by `performance.now()`). */
async function inTime<Value>(answer: Promise<Value>, dueAt: number): Promise<Value> {
  if (dueAt === Number.POSITIVE_INFINITY) return answer;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const leftMs = Math.max(0, dueAt - performance.now());
    timer = setTimeout(() => reject(new Late('the model did not answer in time')), leftMs);
  });
  // Nobody listens any more to what comes later.
  answer.catch(() => {});
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}
