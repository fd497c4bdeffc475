// Placeholder.
import type { Ledger } from '../model-ledger.ts';
import type { Stack } from '../stack.ts';

/** Starts the job; what is returned stops it and waits for what is under way. */
export async function startTrainer(_stack: Stack, _ledger: Ledger): Promise<() => Promise<void>> {
  return async () => {};
}
