// Aliases: movable names of a task's releases, as MLflow has them, with every move kept.
import { z } from 'zod';

export const aliasNames = ['champion', 'candidate', 'previous'] as const;
/** `champion` serves, `candidate` is to be judged, `previous` is what a rollback returns to. */
export type AliasName = (typeof aliasNames)[number];

const moveSchema = z
  .strictObject({
    /** When, ISO 8601 in UTC. */
    at: z.iso.datetime(),
    /** Who: a user or a part of the system. */
    by: z.string().min(1),
    why: z.string(),
    alias: z.enum(aliasNames),
    /** Versions; null where the alias was not set before, or is not any more. */
    from: z.string().nullable(),
    to: z.string().nullable(),
  })
  .readonly();
export type AliasMove = z.infer<typeof moveSchema>;

/** The aliases of one task, by name their version, and every move that led there, the oldest first. */
export const taskAliasesSchema = z
  .strictObject({
    aliases: z.partialRecord(z.enum(aliasNames), z.string()).readonly(),
    history: z.array(moveSchema).readonly(),
  })
  .readonly();
export type TaskAliases = z.infer<typeof taskAliasesSchema>;

export const noAliases: TaskAliases = { aliases: {}, history: [] };

/** Where aliases go: a version, or null to remove the name. */
export type AliasChanges = Readonly<Partial<Record<AliasName, string | null>>>;

export interface Reason {
  readonly by: string;
  readonly why: string;
}

/** The document after `changes`; the same one where nothing would change. */
export function moveAliases(
  current: TaskAliases,
  changes: AliasChanges,
  { at, by, why }: Reason & { readonly at: string },
): TaskAliases {
  const moves: AliasMove[] = [];
  const aliases: Partial<Record<AliasName, string>> = { ...current.aliases };
  for (const alias of aliasNames) {
    const to = changes[alias];
    const from = aliases[alias] ?? null;
    if (to === undefined || to === from) continue;
    moves.push({ at, by, why, alias, from, to });
    if (to === null) delete aliases[alias];
    else aliases[alias] = to;
  }
  return moves.length === 0 ? current : { aliases, history: [...current.history, ...moves] };
}
