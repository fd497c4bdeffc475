// `npm run simulate`: runs seeds until one fails, says what went wrong in the worlds it saw, and how to see one again.
import { Command, InvalidArgumentError, Option } from 'commander';
import { Tally } from './faults.ts';
import { openSimulatedWire } from './messages.ts';
import { none, sabotages } from './sabotage.ts';
import { simulate, type Verdict } from './simulation.ts';

interface Options {
  readonly seeds: number;
  readonly from: number;
  readonly seed?: number;
  readonly trace?: true;
  readonly json?: true;
  readonly sabotage?: string;
}

const examples = `
Examples:
  npm run simulate -- --seeds 10000        worlds 1 to 10000, until one fails
  npm run simulate -- --seed 42 --trace    one world, with everything that happens in it
  npm run simulate -- --sabotage "sink keeps no journal"    shows that the checker finds it

Exit code 1 when a world fails. The same seed is the same world on every machine, for the same code.`;

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** What was seen so far. */
class Summary {
  readonly tally = new Tally();
  readonly #started = performance.now();
  worlds = 0;
  events = 0;
  virtualMs = 0;

  add({ tally, events, virtualMs, climate }: Verdict): void {
    this.worlds += 1;
    this.events += events;
    this.virtualMs += virtualMs;
    this.tally.add(`world: ${climate.kind}${climate.fsync ? ', fsync' : ''}`);
    this.tally.addAll(tally);
  }

  get line(): string {
    const seconds = (performance.now() - this.#started) / 1_000;
    const hours = (this.virtualMs / 3_600_000).toFixed(1);
    return `${this.worlds} worlds, ${this.events} events, ${hours} virtual hours in ${seconds.toFixed(0)} s (${(this.worlds / seconds).toFixed(0)}/s)`;
  }

  get table(): string {
    const rows = [...this.tally.counts].sort(([one], [other]) => one.localeCompare(other));
    const width = Math.max(...rows.map(([what]) => what.length));
    return rows.map(([what, times]) => `  ${what.padEnd(width)}  ${times}`).join('\n');
  }
}

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${text}\u001b[K`);
}

async function main(options: Options): Promise<void> {
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());
  const wire = await openSimulatedWire();
  const sabotage = options.sabotage === undefined ? none : sabotages[options.sabotage]!;
  const print = options.trace && !options.json ? { print: say } : {};
  const summary = new Summary();
  const last = options.seed ?? options.from + options.seeds - 1;
  let failed: Verdict | null = null;
  for (
    let seed = options.seed ?? options.from;
    seed <= last && !failed && !stopping.signal.aborted;
    seed += 1
  ) {
    const verdict = await simulate(seed, wire, { sabotage, ...print });
    summary.add(verdict);
    if (verdict.violations.length > 0) failed = verdict;
    if (summary.worlds % 20 === 0) progress(summary.line);
  }
  progress('');
  report(summary, failed, options);
  if (failed) process.exitCode = 1;
  else if (stopping.signal.aborted) process.exitCode = 130;
}

function report(summary: Summary, failed: Verdict | null, options: Options): void {
  const failure = failed && { seed: failed.seed, violations: failed.violations, trace: failed.trace };
  if (options.json) {
    const { worlds, events, virtualMs, tally } = summary;
    say(JSON.stringify({ worlds, events, virtualMs, failure, happened: Object.fromEntries(tally.counts) }));
    return;
  }
  say(`${summary.line}\n${summary.table}`);
  if (!failure) {
    say('all is well');
    return;
  }
  const again = options.sabotage === undefined ? '' : ` --sabotage "${options.sabotage}"`;
  say(
    `\nseed ${failure.seed} failed:\n${failure.violations.map((violation) => `  ${violation}`).join('\n')}`,
  );
  say(`see it again: npm run simulate -- --seed ${failure.seed} --trace${again}`);
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('not a whole number from 1.');
  return value;
}

await new Command('simulate')
  .description(
    'The loop, the embedded log, both deliveries and their journals in simulated worlds: virtual clock, network and disk, ' +
      'everything that goes wrong drawn from a seed.',
  )
  .addOption(new Option('--seeds <count>', 'how many worlds').argParser(wholeNumber).default(1_000))
  .addOption(new Option('--from <seed>', 'the first of them').argParser(wholeNumber).default(1))
  .addOption(new Option('--seed <seed>', 'only this world').argParser(wholeNumber))
  .option('--trace', 'print everything that happens')
  .option('--json', 'print one JSON object')
  .addOption(new Option('--sabotage <name>', 'take a guarantee out').choices(Object.keys(sabotages)))
  .addHelpText('after', examples)
  .action(main)
  .parseAsync();
