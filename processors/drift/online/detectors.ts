// The online detectors by name, with river’s defaults.
import { Adwin, type AdwinState } from './adwin.ts';
import { Ddm, type DdmState } from './ddm.ts';
import type { Detector } from './detector.ts';
import { Eddm, type EddmState } from './eddm.ts';
import { PageHinkley, type PageHinkleyState } from './page-hinkley.ts';

/** Opens a detector, or goes on from the state that one of the same name had. `state` undefined: from the beginning. */
export const detectors = {
  ddm: (state?: unknown): Detector => new Ddm({}, state as DdmState | undefined),
  eddm: (state?: unknown): Detector => new Eddm({}, state as EddmState | undefined),
  adwin: (state?: unknown): Detector => new Adwin({}, state as AdwinState | undefined),
  'page-hinkley': (state?: unknown): Detector => new PageHinkley({}, state as PageHinkleyState | undefined),
} as const;
export type DetectorName = keyof typeof detectors;
