// What all models that run on ONNX Runtime share: how a session is opened, and where its bytes come from.
import type { InferenceSession } from 'onnxruntime-node';
import type { LoadableModel, ModelManifest } from '../../schemas/model-manifest.ts';

/** One thread that does not spin: threads of several models would fight for the cores. */
export const singleThread: InferenceSession.SessionOptions = {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  logSeverityLevel: 3,
  extra: { session: { intra_op: { allow_spinning: '0' } } },
};

/** A file of a release. Throws when the release has none of that name. */
export function fileOf(
  { manifest, files }: { readonly manifest: Pick<ModelManifest, 'release'> } & Pick<LoadableModel, 'files'>,
  name: string,
): Uint8Array {
  const bytes = files.get(name);
  if (bytes === undefined) throw new Error(`the release ${manifest.release} has no file ${name}`);
  return bytes;
}
