// `npm run faults`: does to a real Millrace what is done to real systems, and has a checker say what was lost.
import { parseArgs } from 'node:util';
import type { Mode } from './bench.ts';
import type { FaultCase } from './case.ts';
import { killCases } from './cases/kills.ts';
import { messageCases } from './cases/messages.ts';
import { modelCases } from './cases/models.ts';
import { topologyCases } from './cases/topology.ts';
import { worldCases } from './cases/world.ts';
import { endAll, interrupted } from './children.ts';
import { Laboratory } from './laboratory.ts';
import { checkMarkers, type Row, rowOf, saveRows } from './results.ts';

const cases: readonly FaultCase[] = [
  ...killCases,
  ...worldCases,
  ...messageCases,
  ...modelCases,
  ...topologyCases,
];

const usage = `npm run faults -- [options]

  --only a,b        these cases (see --list)
  --mode M          kafka, embedded or both (default both)
  --short           the half that CI runs, with shorter faults
  --list            names the cases and ends
  --save            writes load-tests/results/faults.json and the table in docs/guarantees.md; with --only, the rows of
                    other cases stay, so that an interrupted run can be completed
  --json            one JSON object at the end instead of lines
  --rate N          comments per second (default 200)
  --ports N         first of six free ports (default 29120)
  --keep            leaves the folder with ledgers, logs and data

Needs Java 17, Maven (once), redis-server; disk-full needs root. Exit codes: 0 all passed, 1 some failed, 2 wrong use,
130 interrupted.

Examples:
  npm run faults
  npm run faults -- --short --mode kafka
  npm run faults -- --only kill-after-insert --mode embedded --keep
`;

function options() {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      mode: { type: 'string', default: 'both' },
      short: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      save: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      rate: { type: 'string', default: '200' },
      ports: { type: 'string', default: '29120' },
      help: { type: 'boolean', default: false },
    },
  });
  return values;
}

type Values = ReturnType<typeof options>;

/** The runs that were asked for. Throws for a name or a mode that there is not. */
function planOf({ only, mode, short }: Values): { readonly wanted: FaultCase; readonly mode: Mode }[] {
  if (!['kafka', 'embedded', 'both'].includes(mode))
    throw new Error(`--mode is kafka, embedded or both, not ${mode}`);
  const names = only?.split(',').map((name) => name.trim());
  const unknown = names?.find((name) => !cases.some((known) => known.name === name));
  if (unknown !== undefined) throw new Error(`there is no case “${unknown}”; --list names them`);
  return cases
    .filter(({ name }) => !names || names.includes(name))
    .flatMap((wanted) => {
      const modes = short && !names ? wanted.short : wanted.modes;
      return modes.filter((one) => mode === 'both' || mode === one).map((one) => ({ wanted, mode: one }));
    });
}

const write = (text: string): void => void process.stdout.write(text);

function list(): void {
  for (const { name, what, modes } of cases)
    write(`${name.padEnd(32)}${modes.join(', ').padEnd(18)}${what}\n`);
}

async function runAll(values: Values, plan: ReturnType<typeof planOf>, signal: AbortSignal): Promise<Row[]> {
  const say = (line: string) => {
    if (!values.json) write(`      ${line}\n`);
  };
  const laboratory = new Laboratory({
    ports: Number(values.ports),
    perSecond: Number(values.rate),
    short: values.short,
    keep: values.keep,
    say,
    signal,
  });
  const rows: Row[] = [];
  for (const [index, { wanted, mode }] of plan.entries()) {
    if (!values.json) write(`${index + 1}/${plan.length} ${wanted.name} on ${mode}: ${wanted.what}\n`);
    const started = Date.now();
    const result = await laboratory.run(wanted, mode).catch((error: unknown) => String(error));
    if (signal.aborted) break;
    const row = rowOf(wanted.name, mode, result, (Date.now() - started) / 1_000);
    rows.push(row);
    if (!values.json) report(row);
    if (values.save) saveRows([row], values.short);
  }
  if (values.keep) say(`kept: ${laboratory.folder}`);
  return rows;
}

function report({ passed, seconds, charges, notes, examples, ...row }: Row): void {
  write(
    `      ${passed ? 'passed' : 'FAILED'} in ${seconds} s: ${row.acknowledged} acknowledged, ${row.stored} stored, `,
  );
  write(
    `${row.deadLettered} dead-lettered, ${row.lost} lost, ${row.duplicated} duplicated, ${row.reordered} reordered, `,
  );
  write(`${row.unseen} unseen, ${row.repeated} repeated; progress after ${row.recoverySeconds ?? '–'} s\n`);
  for (const note of notes) write(`      ${note}\n`);
  for (const charge of charges) write(`    ✗ ${charge}\n`);
  if (!passed) for (const example of examples) write(`        ${example}\n`);
}

async function main(): Promise<number> {
  const values = options();
  if (values.help) write(usage);
  if (values.list) list();
  if (values.help || values.list) return 0;
  const plan = planOf(values);
  if (values.save) checkMarkers();
  const signal = interrupted();
  const rows = await runAll(values, plan, signal);
  const failed = rows.filter(({ passed }) => !passed).length;
  if (values.json) write(`${JSON.stringify({ rows, passed: rows.length - failed, failed })}\n`);
  else write(`${rows.length - failed} passed, ${failed} failed\n`);
  return failed > 0 ? 1 : 0;
}

let code = 2;
try {
  code = await main();
} catch (error) {
  process.stderr.write(`faults: ${error instanceof Error ? error.message : error}\n`);
} finally {
  await endAll();
}
process.exit(code);
