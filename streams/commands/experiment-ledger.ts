// What the commands that change experiments share: the ledger, and the word that a decision counted.
import type { ModelStore } from '../../connectors/model-store.ts';
import { Misconfigured } from '../../schemas/errors.ts';
import { type Ledger, openLedger } from '../model-ledger.ts';
import { modelStoreOf } from '../models.ts';
import { type CommandContext, whereOpen } from './command.ts';
import { unlessInterrupted } from './interruption.ts';

/** Runs a command with the ledger open; resolves to its exit code. Throws what the log and the command throw. */
export function withLedger(
  context: CommandContext,
  body: (ledger: Ledger, store: ModelStore) => Promise<number>,
): Promise<number> {
  return whereOpen(context, context.io, async () => {
    const ledger = await openLedger(await context.stack());
    try {
      return await unlessInterrupted(context.io, body(ledger, modelStoreOf(context.configuration)));
    } finally {
      await ledger.close();
    }
  });
}

/** Throws `Misconfigured` (`decided-otherwise`) where a decision did not count. */
export function assertCounted(counted: boolean, task: string): void {
  if (counted) return;
  throw new Misconfigured(`something else was decided about ${task} at the same moment`, {
    code: 'decided-otherwise',
    fix: `See “millrace experiment status ${task}”, and try again.`,
  });
}
