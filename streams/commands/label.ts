// `millrace label`: which messages to label next, labels given by hand or from a file, and how labelling stands.
import type { Command } from 'commander';
import type { Define } from './command.ts';
import { defineLabelAdd } from './label-add.ts';
import { defineLabelImport } from './label-import.ts';
import { defineLabelNext } from './label-next.ts';
import { defineLabelStatus } from './label-status.ts';

export const label: Define = (program, context, action) => {
  const group: Command = program
    .command('label')
    .description('label messages: the most valuable next, by hand, from a file; how labelling stands')
    .addHelpText(
      'after',
      `
Labels are feedback: they join the served answers whenever they arrive, and contradictions are resolved by stated rules
(docs/labels.md). The same work can be done in a browser: the page /label of a running “millrace up”.

Examples:
  millrace label next --task toxicity
  millrace label add c-1 --task toxicity --label toxic
  millrace label import labels.csv --task toxicity
  millrace label status`,
    );
  defineLabelNext(group, context, action);
  defineLabelAdd(group, context, action);
  defineLabelImport(group, context, action);
  defineLabelStatus(group, context, action);
};
