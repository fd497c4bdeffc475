// A search in a process of its own, to be killed: `killed-study.ts <directory>`.
import { searchPlan } from '../../../trainers/search/plan.ts';
import { runStudy } from '../../../trainers/search/study.ts';
import { split, task } from './scored-task.ts';

const [directory = ''] = process.argv.slice(2);
const space = ['trees=10..400', 'depthMax=1..12'];
const plan = searchPlan(task, { space, search: 'tpe', seed: 1, folds: 0, prune: false }, {});
await runStudy(task, split, { directory, name: 'killed', plan, trialsMax: 1_000 });
