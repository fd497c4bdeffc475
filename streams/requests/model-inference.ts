// What the Open Inference Protocol does: one model of this process, asked directly.
import type { ModelRequests, ServedModel } from '../../connectors/http/parts.ts';
import { cleanText } from '../../processors/features/cleaning.ts';
import { resultOf } from '../../processors/inference/inference.ts';
import type { Redact } from '../../processors/redaction/redaction.ts';
import type { ModelManifest } from '../../schemas/model-manifest.ts';
import type { ServingModels } from '../system.ts';

/** Texts are cleaned as the streams clean them, so that the model says the same. */
export function modelInference(
  { predictor, manifests }: ServingModels,
  { redact, withinMs }: { readonly redact: Redact | null; readonly withinMs: number },
): Pick<ModelRequests, 'served' | 'infer'> {
  const cleaned = (text: string): string => cleanText(redact ? redact(text) : text);
  return {
    served: () => manifests().map(servedModel),
    async infer({ name }, inputs) {
      const texts = inputs.map((input) =>
        typeof input === 'string' ? cleaned(input) : ([cleaned(input[0]), cleaned(input[1])] as const),
      );
      const [answers] = await predictor.predict([name], texts, { priority: 'request', withinMs });
      const labels = texts.map((_, row) => resultOf(answers!, row).label);
      return { probabilities: answers!.probabilities, labels };
    },
  };
}

/** Which kinds of models read two texts: those that compare always do, transformers where they are given two. */
const pairsByKind: Readonly<Partial<Record<ModelManifest['kind'], ServedModel['pairs']>>> = {
  ranker: 'always',
  transformer: 'optional',
};

const servedModel = ({ task, release, labels, kind }: ModelManifest): ServedModel => ({
  name: task,
  version: release.slice(task.length + 1),
  labels,
  pairs: pairsByKind[kind] ?? 'never',
});
