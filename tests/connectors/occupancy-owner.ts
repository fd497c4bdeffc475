// A process that occupies a directory until it is killed: `occupied` or the error’s code on its standard output.
import { occupyDirectory } from '../../connectors/occupancy/occupancy.ts';

const [directory = '', wait = '0'] = process.argv.slice(2);
await new Promise((resolve) => setTimeout(resolve, Math.max(0, Number(wait) - Date.now())));
try {
  await occupyDirectory(directory, async (io) => {
    await io.stdout.write('running');
    await new Promise(() => setInterval(() => {}, 1_000));
    return 0;
  });
  process.stdout.write('occupied\n');
} catch (error) {
  process.stdout.write(`${(error as { code?: string }).code}\n`);
}
