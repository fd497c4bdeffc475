// Every trainer, by the kind of model it makes.
import type { z } from 'zod';
import type { ModelKind } from '../schemas/model-manifest.ts';
import { forestTrainer } from './forest/trainer.ts';
import { languageTrainer } from './language/trainer.ts';
import { linearTrainer } from './linear/trainer.ts';
import { ngramTrainer } from './ngram/trainer.ts';
import { expanderTrainer } from './ranking/expander-trainer.ts';
import { rankerTrainer } from './ranking/trainer.ts';
import { cnnTrainer } from './text-cnn/trainer.ts';
import type { Trainer } from './trainer.ts';

/** One line for each trainer; the types below follow from it. */
const known = {
  ranker: rankerTrainer,
  expander: expanderTrainer,
  cnn: cnnTrainer,
  language: languageTrainer,
  linear: linearTrainer,
  ngram: ngramTrainer,
  forest: forestTrainer,
};
export type TrainerKind = keyof typeof known;

/** The options of a kind of trainer, all of them set. */
export type ParametersOf<Kind extends TrainerKind> = z.infer<(typeof known)[Kind]['parameters']>;

/** A trainer whose options were checked by its own schema: `fit` gets nothing but what `parameters` gave. */
export type AnyTrainer = Trainer<ModelKind, Readonly<Record<string, unknown>>>;
export const trainers: Readonly<Record<TrainerKind, AnyTrainer>> = known;
