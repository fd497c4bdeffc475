// Every task this repository ships a model for, in the order they have to be trained: baselines of all others need
// the language model’s answer.
import type { Task } from '../task.ts';
import { assistantIntent } from './assistant-intent.ts';
import { bankingIntent } from './banking-intent.ts';
import { deviceIntent } from './device-intent.ts';
import { emotion } from './emotion.ts';
import { emotionEkman, emotionGroup } from './emotion-groups.ts';
import { hate } from './hate.ts';
import { language } from './language.ts';
import { promptIntent } from './prompt-intent.ts';
import { promptQuality } from './prompt-quality.ts';
import { expansion, ranking } from './ranking.ts';
import { sentiment } from './sentiment.ts';
import { sentimentBinary } from './sentiment-binary.ts';
import { toxicity } from './toxicity.ts';

export const tasks: readonly Task[] = [
  language,
  sentiment,
  sentimentBinary,
  toxicity,
  hate,
  emotion,
  emotionEkman,
  emotionGroup,
  promptIntent,
  promptQuality,
  assistantIntent,
  bankingIntent,
  deviceIntent,
  ranking,
  expansion,
];
