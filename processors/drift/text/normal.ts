// Tails of the standard normal distribution.
import { chiSquareTail } from '../statistics/gamma.ts';

/** Chance of a standard normal deviate above `deviate`. */
export const normalTail = (deviate: number): number => {
  const half = chiSquareTail(deviate * deviate, 1) / 2;
  return deviate >= 0 ? half : 1 - half;
};
