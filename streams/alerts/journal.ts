// What a channel has told beyond its group’s position: kept in the metadata of the commit, so that a successor repeats
// at most the one notification that was on its way, and that one with the same messages under the same id.

/** Offsets whose fate is known although the position lies before them, and those of the notification under way. */
export interface Journal {
  readonly told: readonly number[];
  readonly telling: readonly number[];
}

/** What a group’s metadata may hold, in bytes. */
const bytesMax = 4_096;

export const noJournal: Journal = { told: [], telling: [] };

/** The journal as text; of more than there is room for, the newest that were told are left out and told again. */
export function printJournal({ told, telling }: Journal): string {
  if (told.length === 0 && telling.length === 0) return '';
  for (let kept = told.length; ; kept = Math.floor(kept / 2)) {
    const text = JSON.stringify({ told: told.slice(0, kept), telling });
    if (text.length <= bytesMax || kept === 0) return text.length <= bytesMax ? text : '';
  }
}

export function parseJournal(text: string): Journal {
  try {
    const { told, telling } = JSON.parse(text) as Partial<Journal>;
    return { told: offsetsIn(told), telling: offsetsIn(telling) };
  } catch {
    return noJournal;
  }
}

const offsetsIn = (given: unknown): readonly number[] =>
  Array.isArray(given) ? given.filter((each): each is number => Number.isSafeInteger(each)) : [];
