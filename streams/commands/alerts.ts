// `millrace alerts`: what fires, what the rules see now, silences, and a try of each channel.
import { defineList } from './alerts-list.ts';
import { defineRules } from './alerts-rules.ts';
import { defineSilences } from './alerts-silence.ts';
import { defineTest } from './alerts-test.ts';
import type { Define } from './command.ts';

export const alerts: Define = (program, context, action) => {
  const group = program
    .command('alerts')
    .description('alerts: what fires, what each rule sees now, silences, a try of each channel');
  defineList(group, context, action);
  defineRules(group, context, action);
  defineSilences(group, context, action);
  defineTest(group, context, action);
};
