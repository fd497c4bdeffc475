// `millrace up`: runs the configured streams until stopped.
import { once } from 'node:events';
import { startProbes } from '../../connectors/http-probes.ts';
import { openDoor } from '../door.ts';
import { startLagGauge } from '../loop/lag-gauge.ts';
import { type System, startSystem } from '../system.ts';
import { type CommandContext, type Define, exitCodes, jsonLine } from './command.ts';

export const up: Define = (program, context, action) => {
  program
    .command('up')
    .description('run the streams until Ctrl-C or SIGTERM')
    .option('--json', 'print one JSON object when the streams run; logs go to standard error in any case')
    .addHelpText(
      'after',
      `
Serves /metrics, /live and /ready on HTTP_PORT. On SIGTERM it finishes what is in hand, commits and leaves.

Examples:
  millrace up
  KAFKA_BROKERS=127.0.0.1:9092 CLICKHOUSE_URL=http://127.0.0.1:8123 millrace up
  MILLRACE_MODE=apart MILLRACE_STREAMS=inference KAFKA_BROKERS=127.0.0.1:9092 millrace up`,
    )
    .action(action((options: { readonly json?: boolean }) => run(context, options.json ?? false)));
};

async function run({ io, configuration, stack: open }: CommandContext, json: boolean): Promise<number> {
  const access = await openDoor(configuration);
  const stack = await open();
  const { logger, metrics } = stack;
  let stopped: unknown = null;
  let system: System | null = null;
  const probes = await startProbes({
    ...configuration.http,
    access,
    onTlsTrouble: (error) => logger.error({ err: error }, 'the certificate is not renewed'),
    metrics,
    notReady: () => [...(stopped ? [String(stopped)] : []), ...(system?.reasons() ?? ['starting'])],
    notLive: () => (stopped ? [String(stopped)] : []),
  });
  const running = await startSystem(stack, { driftByClock: true }).catch(async (error: unknown) => {
    await probes.close();
    throw error;
  });
  system = running;
  const stopLagGauge = startLagGauge(stack);
  const about = { streams: running.names, mode: configuration.mode, http: probes.url };
  logger.info(about, 'running; Ctrl-C stops');
  if (json) await io.stdout.write(jsonLine(about));
  const failure = await Promise.race([
    running.done.then(
      () => null,
      (error: unknown) => error,
    ),
    io.signal.aborted ? null : once(io.signal, 'abort').then(() => null),
  ]);
  stopped = failure;
  if (failure) logger.fatal({ err: failure }, 'a stream stopped');
  else logger.info('draining');
  stopLagGauge();
  await running.close();
  await probes.close();
  if (failure) throw failure;
  return exitCodes.done;
}
