// Every task this repository ships a model for, in the order they have to be trained: baselines of all others need
// the language model’s answer.
import type { Task } from '../task.ts';
import { emotion } from './emotion.ts';
import { language } from './language.ts';
import { promptIntent } from './prompt-intent.ts';
import { sentiment } from './sentiment.ts';
import { toxicity } from './toxicity.ts';

export const tasks: readonly Task[] = [language, sentiment, toxicity, emotion, promptIntent];
