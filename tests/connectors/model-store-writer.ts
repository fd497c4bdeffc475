// A process that publishes releases and moves the champion until it is killed: `model-store-writer.ts <folder> <minor>`.
import { randomBytes } from 'node:crypto';
import { openModelStore } from '../../connectors/model-store.ts';
import { madeRelease } from '../contract/model-store.ts';

const [directory = '', minor = '0'] = process.argv.slice(2);
const store = openModelStore(directory);
for (let patch = 0; ; patch++) {
  const version = `1.${minor}.${patch}`;
  await store.publish(madeRelease('mood', version, {}, randomBytes(2_000_000)));
  await store.changeAliases('mood', () => ({ champion: version }), { by: 'writer', why: '' });
  if (patch === 0) process.stdout.write('writing\n');
}
