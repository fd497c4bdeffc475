// The parts of a `tokenizer.json` (Hugging Face `tokenizers`) that are read here.
import { z } from 'zod';

const addedToken = z.looseObject({
  id: z.int(),
  content: z.string(),
  single_word: z.boolean().default(false),
  lstrip: z.boolean().default(false),
  rstrip: z.boolean().default(false),
  normalized: z.boolean().optional(),
  special: z.boolean().default(false),
});
export type AddedToken = z.infer<typeof addedToken>;

/** A step of the pipeline: its type, and whatever options that type has. */
const component = z.looseObject({ type: z.string() });
export type Component = z.infer<typeof component>;

export const tokenizerJsonSchema = z.looseObject({
  added_tokens: z.array(addedToken).default([]),
  normalizer: component.nullable().default(null),
  pre_tokenizer: component.nullable().default(null),
  post_processor: component.nullable().default(null),
  decoder: component.nullable().default(null),
  // Files of old have no type: their model is told by its fields.
  model: z.looseObject({ type: z.string().optional() }),
});
export type TokenizerJson = z.infer<typeof tokenizerJsonSchema>;

/** The steps of a component that may be a `Sequence` of others, sequences within it unfolded. */
export function stepsOf(
  component: Component | null,
  field: 'normalizers' | 'pretokenizers' | 'processors',
): readonly Component[] {
  if (component === null) return [];
  if (component.type !== 'Sequence') return [component];
  return (component[field] as readonly Component[]).flatMap((step) => stepsOf(step, field));
}

/** The type of the model, which old files leave to be guessed. */
export function modelType({ model }: TokenizerJson): string {
  if (model.type !== undefined) return model.type;
  if (Array.isArray(model.vocab)) return 'Unigram';
  return 'merges' in model ? 'BPE' : 'WordPiece';
}
