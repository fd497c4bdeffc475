// What single settings of retraining cannot say.
import type { Check, Contradiction } from './checks.ts';

const protectable = ['language', 'kind', 'tenant', 'label', 'length'];

export const retrainingChecks: readonly Check[] = [
  ({ retraining: { rules } }): Contradiction | false => {
    const seen = new Set<string>();
    const twice = rules.find(({ task }) => seen.size === seen.add(task).size);
    if (twice === undefined) return false;
    const what = `two rules of retraining are about ${twice.task}`;
    return { keys: ['retraining.rules'], what, fix: 'Make them one.' };
  },
  ({ retraining }): Contradiction | false => {
    const columns = [...retraining.protected, ...retraining.rules.flatMap((rule) => rule.protected ?? [])];
    const unknown = columns.find((column) => !protectable.includes(column));
    if (unknown === undefined) return false;
    return {
      keys: ['retraining.protected', 'retraining.rules'],
      what: `“${unknown}” is no column of labelled messages`,
      fix: `Choose from ${protectable.join(', ')}.`,
    };
  },
  ({ retraining: { labelsMin, rowsMax } }): Contradiction | false =>
    labelsMin > rowsMax && {
      keys: ['retraining.labelsMin', 'retraining.rowsMax'],
      what: 'more labelled messages are needed than are ever read',
      fix: 'Raise retraining.rowsMax or lower retraining.labelsMin.',
    },
];
