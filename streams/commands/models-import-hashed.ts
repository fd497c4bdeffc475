// `millrace models import --kind hashed`: a plain ONNX model over hashed words.
import type { ModelStore } from '../../connectors/model-store.ts';
import { type HashedImport, importHashed } from '../../trainers/hashed/import.ts';
import { wholeRelease } from '../../trainers/release/whole-release.ts';
import { type CommandContext, exitCodes, jsonLine } from './command.ts';

/** Imports into the store and says what became of it. Throws `Misconfigured` for what does not fit. */
export async function runHashedImport(
  { io }: Pick<CommandContext, 'io'>,
  store: ModelStore,
  options: Parameters<typeof importHashed>[0] & { readonly json: boolean },
): Promise<number> {
  const imported = await importHashed(options);
  io.signal.throwIfAborted();
  const { manifest, ...rest } = wholeRelease(imported.draft, imported.files, imported.baselines);
  const isNew = await store.publish({ manifest, ...rest });
  const shown = summary(imported);
  const place = `${manifest.release} ${isNew ? 'is now' : 'was already'} in ${store.address}\n`;
  await io.stdout.write(
    options.json
      ? jsonLine({ ...shown, store: store.address, new: isNew })
      : `${printed(imported)}\n${place}`,
  );
  return exitCodes.done;
}

function summary({ draft, files }: HashedImport) {
  const { release, kind, labels, activation, activated, hashing, inputs, output } = draft;
  const bytes = files.get('model.onnx')!.length;
  return { release, kind, labels, activation, activated, hashing, inputs, output, bytes };
}

function printed({ draft, files }: HashedImport): string {
  const { labels, activation, activated, hashing, inputs } = draft;
  const words = hashing.bigrams ? 'words and pairs of words' : 'words';
  const fed = [inputs.ids, ...(inputs.mask ? [`${inputs.mask.name} (${inputs.mask.type})`] : [])].join(
    ' and ',
  );
  const size = (files.get('model.onnx')!.length / 1e6).toFixed(1);
  return [
    `hashed ${words}: ${hashing.buckets} ids from ${hashing.offset}, at most ${hashing.idsMax} of a text; feeds ${fed}`,
    `labels ${labels.join(', ')} (${activation}${activated ? ', in the model' : ''}), ${size} MB`,
  ].join('\n');
}
