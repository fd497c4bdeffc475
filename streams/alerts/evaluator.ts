// Looks at every rule, again and again, and publishes what follows. All that it knows it has from the topic and the
// clock: after a restart the topic says what fires, and how long a signal has been past its threshold is looked up.
import { evaluate, type Look, uncovered } from '../../processors/alerts/evaluation.ts';
import { alertName, isPast, type Observation, type Rule } from '../../processors/alerts/rule.ts';
import type { Alert } from '../../schemas/alert.ts';
import { type AlertBook, publishAlerts } from './book.ts';
import { hasPast, observe, type Sources } from './signals.ts';

/** Instants that a signal is looked up at to find out since when it has been past its threshold. */
const pastLooksMax = 8;

export interface EvaluatorOptions {
  readonly book: AlertBook;
  readonly sources: Sources;
  readonly rules: readonly Rule[];
}

export class Evaluator {
  readonly #options: EvaluatorOptions;
  readonly #pending = new Map<string, number>();
  /** Rules of which is known since when they are past their threshold. */
  readonly #remembered = new Set<string>();

  constructor(options: EvaluatorOptions) {
    this.#options = options;
  }

  /** Forgets since when signals are past their thresholds: somebody else looks, who knows better when this one looks again. */
  rest(): void {
    this.#pending.clear();
    this.#remembered.clear();
  }

  /**
   * Looks at the rules at an instant, ms since 1970, publishes what follows, and returns it when it is read back. What
   * cannot be read is logged, and leaves its rule as it is. Throws what the log throws.
   */
  async look(
    at: number,
    {
      signal,
      rules = this.#options.rules,
    }: { readonly signal: AbortSignal; readonly rules?: readonly Rule[] },
  ): Promise<readonly Alert[]> {
    const { book, sources } = this.#options;
    const { repeatMs } = sources.stack.configuration.alerting;
    const look: Look = { history: book.history, pending: this.#pending, at, repeatMs, origin: book.origin };
    const news: Alert[] = [];
    for (const rule of rules) {
      const observations = await this.#observe(rule, at);
      if (observations) news.push(...evaluate(rule, observations, look));
    }
    const known = new Set(news.map(({ rule }) => rule));
    news.push(...uncovered(look).filter(({ rule }) => !known.has(rule)));
    await book.until(await publishAlerts(sources.stack, news), signal);
    return news;
  }

  /** Null where nothing could be read, and the rule does not say that this is bad. */
  async #observe(rule: Rule, at: number): Promise<readonly Observation[] | null> {
    try {
      const observations = await observe(this.#options.sources, rule, at);
      if (!this.#remembered.has(rule.name)) await this.#remember(rule, observations, at);
      return observations;
    } catch (error) {
      this.#options.sources.stack.logger.warn({ err: error, rule: rule.name }, 'a signal could not be read');
      const says = `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
      return rule.noData === 'alert' ? [{ series: '', value: null, says, evidence: {} }] : null;
    }
  }

  /** Finds out since when signals that are past their thresholds now have been so, as far as the rule asks. */
  async #remember(rule: Rule, observations: readonly Observation[], at: number): Promise<void> {
    const isOpen = (name: string) => this.#options.book.history.incident(name)?.endedAt === null;
    let past = seriesPast(rule, observations).filter((series) => !isOpen(alertName(rule, series)));
    if (rule.forMs > 0 && hasPast(rule)) {
      const { everyMs } = this.#options.sources.stack.configuration.alerting;
      const stepMs = Math.max(everyMs, Math.ceil(rule.forMs / pastLooksMax));
      for (let back = stepMs; past.length > 0 && back < rule.forMs + stepMs; back += stepMs) {
        const then = at - Math.min(back, rule.forMs);
        const before = new Set(seriesPast(rule, await observe(this.#options.sources, rule, then)));
        past = past.filter((series) => before.has(series));
        for (const series of past) this.#pending.set(alertName(rule, series), then);
      }
    }
    this.#remembered.add(rule.name);
  }
}

const seriesPast = (rule: Rule, observations: readonly Observation[]): readonly string[] =>
  observations.flatMap(({ series, value }) => (value !== null && isPast(rule, value) ? [series] : []));
