// Alerting: one process looks at the rules, and each channel tells what follows. The process that looks is the member
// of a group that owns the topic; that another one looked at the same moment would change nothing but the cost.
import { setTimeout as sleep } from 'node:timers/promises';
import { builtInRules } from '../../processors/alerts/built-in.ts';
import type { Rule } from '../../processors/alerts/rule.ts';
import type { Configuration } from '../configuration/configuration.ts';
import type { Ledger } from '../model-ledger.ts';
import type { Stack } from '../stack.ts';
import { AlertBook } from './book.ts';
import { channelsOf } from './channels.ts';
import { startDelivery } from './delivery.ts';
import { DriftWatch } from './drift-watch.ts';
import { Evaluator } from './evaluator.ts';
import { keepPlace, persist } from './membership.ts';

/** The built-in rules that are wanted and not declared anew, and the declared ones. */
export function rulesOf({ alerting }: Pick<Configuration, 'alerting'>): readonly Rule[] {
  const { rules, builtIn } = alerting;
  const declared = new Set(rules.map(({ name }) => name));
  return [...builtInRules.filter(({ name }) => builtIn.includes(name) && !declared.has(name)), ...rules];
}

/** Whether a release neither serves its task nor takes part in an experiment, as far as anything was decided. */
export function isRetired(ledger: Pick<Ledger, 'state'>, release: string): boolean {
  const { serving, experiments } = ledger.state(release.split('@')[0] ?? '');
  if (serving === null || serving.release === release) return false;
  return experiments.every(({ control, treatment }) => control !== release && treatment !== release);
}

/** Starts the job; what is returned stops it and waits for what is under way. */
export async function startAlerting(stack: Stack, ledger: Ledger): Promise<() => Promise<void>> {
  const closers: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const stop of closers.splice(0).reverse()) await stop();
  };
  try {
    const book = await AlertBook.open(stack);
    closers.push(() => book.close());
    const channels = channelsOf(stack);
    const names = channels.map(({ channel }) => channel.name);
    for (const channel of channels)
      closers.push(await startDelivery(stack, { ...channel, book, channels: names }));
    closers.push(await startEvaluation(stack, book, ledger));
    return close;
  } catch (error) {
    await close();
    throw error;
  }
}

async function startEvaluation(stack: Stack, book: AlertBook, ledger: Ledger): Promise<() => Promise<void>> {
  const closing = new AbortController();
  const { signal } = closing;
  let wake = new AbortController();
  const drift = await DriftWatch.open(stack, { onReport: () => wake.abort() });
  const sources = { stack, drift, isRetired: (release: string) => isRetired(ledger, release) };
  const rules = rulesOf(stack.configuration);
  const evaluator = new Evaluator({ book, sources, rules });
  const turn = await keepPlace(stack, {
    group: 'millrace-alert-rules',
    does: 'looking at alert rules',
    handler: () => async (batch) => {
      const last = batch.records.at(-1);
      const { logger } = stack;
      if (last) await persist(() => batch.commit(last.offset + 1, ''), { logger, signal: batch.revoked });
    },
  });
  const { everyMs } = stack.configuration.alerting;
  const run = async () => {
    while (!signal.aborted) {
      // Whole multiples of the clock, so that whoever looks looks at the same instants.
      const next = (Math.floor(stack.now() / everyMs) + 1) * everyMs;
      await sleep(next - stack.now(), undefined, { signal: AbortSignal.any([signal, wake.signal]) }).catch(
        () => {},
      );
      const isNews = wake.signal.aborted;
      wake = new AbortController();
      if (signal.aborted) return;
      if (!turn.isOwner) evaluator.rest();
      else
        await lookAll(
          stack,
          evaluator,
          isNews ? { at: stack.now(), rules: rules.filter(isOfDrift) } : { at: next },
          signal,
        );
    }
  };
  const running = run();
  return async () => {
    closing.abort();
    await running;
    await turn.close();
    await drift.close();
  };
}

const isOfDrift = ({ signal }: Rule): boolean => signal === 'drift';

async function lookAll(
  { logger }: Stack,
  evaluator: Evaluator,
  { at, rules }: { readonly at: number; readonly rules?: readonly Rule[] },
  signal: AbortSignal,
): Promise<void> {
  try {
    const news = await evaluator.look(at, { signal, ...(rules ? { rules } : {}) });
    for (const { rule, state, severity, summary } of news)
      logger[state === 'firing' ? 'warn' : 'info']({ rule, severity, state }, summary);
  } catch (error) {
    if (!signal.aborted)
      logger.error({ err: error }, 'alert rules could not be looked at; the next look tries again');
  }
}
