// `millrace config`: what the configuration is, where each value comes from, and whether it holds.
import { describeConfiguration } from '../configuration/configuration.ts';
import { table } from '../terminal.ts';
import { type CommandContext, type Define, exitCodes, jsonLine } from './command.ts';

export const config: Define = (program, context, action) => {
  const group = program
    .command('config')
    .description('show or check the configuration')
    .addHelpText('after', '\nExamples:\n  millrace config show\n  MILLRACE_MODE=apart millrace config check');
  group
    .command('show')
    .description('every value, where it comes from; secrets are hidden')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  MILLRACE_CONFIG=millrace.yaml millrace config show')
    .action(action((options: { readonly json?: boolean }) => show(context, options.json ?? false)));
  group
    .command('check')
    .description('exit 0 when the configuration is valid, 2 with every problem when it is not')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  millrace config check && millrace up')
    .action(
      action(async (options: { readonly json?: boolean }) => {
        const rows = describeConfiguration(context.configuration);
        const changed = rows.filter(({ origin }) => origin !== 'default').length;
        await context.io.stdout.write(
          options.json
            ? jsonLine({ valid: true, changed })
            : `the configuration is valid; ${changed} of ${rows.length} settings differ from their defaults\n`,
        );
        return exitCodes.done;
      }),
    );
};

async function show({ io, configuration }: CommandContext, json: boolean): Promise<number> {
  const rows = describeConfiguration(configuration);
  await io.stdout.write(json ? jsonLine(rows) : table(rows));
  return exitCodes.done;
}
