// `millrace drift`: what the drift jobs found, one report whole, as a page, and a look at a window now.
import type { Define } from './command.ts';
import { defineExamine } from './drift-examine.ts';
import { defineList } from './drift-list.ts';
import { defineReport } from './drift-report.ts';
import { defineShow } from './drift-show.ts';

export const drift: Define = (program, context, action) => {
  const group = program
    .command('drift')
    .description('drift: list what the jobs found, show a report, draw it as a page, examine a window now');
  defineList(group, context, action);
  defineShow(group, context, action);
  defineReport(group, context, action);
  defineExamine(group, context, action);
};
