// Which setting is tried next: the grid’s next, a random one, or one that the Parzen estimators find promising. All
// follow from the seed, the number of the trial and what was tried before, so an interrupted search goes on as it
// would have.
import { createRandom } from '../random.ts';
import { proposePlace } from './parzen.ts';
import { gridSetting, gridSize, type Range, type Setting, type Space, valueAt } from './space.ts';
import type { Trial } from './trial.ts';

export const searches = ['grid', 'random', 'tpe'] as const;
export type Search = (typeof searches)[number];

/** Random trials before the Parzen estimators have something to go by. */
const randomTrials = 10;
/** Draws after which a space counts as used up. */
const drawsMax = 200;

export interface Sampling {
  readonly search: Search;
  readonly space: Space;
  readonly seed: number;
}

/** A setting that no earlier trial had, or null where there is none left. */
export function nextSetting({ search, space, seed }: Sampling, earlier: readonly Trial[]): Setting | null {
  const tried = new Set(earlier.map(({ setting }) => keyOf(setting)));
  if (search === 'grid') {
    for (let number = 0; number < gridSize(space); number++) {
      const setting = gridSetting(space, number);
      if (!tried.has(keyOf(setting))) return setting;
    }
    return null;
  }
  const random = createRandom((Math.imul(seed, 0x9e3779b1) + earlier.length) >>> 0);
  const isInformed = search === 'tpe' && earlier.length >= randomTrials;
  for (let draw = 0; draw < drawsMax; draw++) {
    // A promising setting that was tried already is followed by ever wilder ones.
    const informed = isInformed && draw < drawsMax / 2;
    const setting = mapSpace(space, (name, range) =>
      valueAt(range, informed ? proposePlace({ name, range }, earlier, random) : random()),
    );
    if (!tried.has(keyOf(setting))) return setting;
  }
  return null;
}

const mapSpace = (space: Space, value: (name: string, range: Range) => Setting[string]): Setting =>
  Object.fromEntries(Object.entries(space).map(([name, range]) => [name, value(name, range)]));

const keyOf = (setting: Setting): string =>
  JSON.stringify(Object.entries(setting).sort(([a], [b]) => (a < b ? -1 : 1)));
