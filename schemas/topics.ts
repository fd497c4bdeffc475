// Every topic of Millrace, in the order a message passes them.
import { alerts } from './alert.ts';
import { comments } from './comment.ts';
import { deadLetters } from './dead-letter.ts';
import { driftReports } from './drift-report.ts';
import { features } from './features.ts';
import { feedback } from './feedback.ts';
import { modelEvents } from './model-event.ts';
import { predictions } from './prediction.ts';
import { prompts } from './prompt.ts';
import { scores } from './score.ts';
import type { Topic } from './topic.ts';

export const topics: readonly Topic[] = [
  comments,
  prompts,
  features,
  predictions,
  scores,
  feedback,
  deadLetters,
  driftReports,
  alerts,
  modelEvents,
];
