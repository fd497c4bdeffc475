// Every trainer, by the kind of model it makes.
import { ngramTrainer } from './ngram/trainer.ts';

export const trainers = {
  ngram: ngramTrainer,
};
export type TrainerKind = keyof typeof trainers;
