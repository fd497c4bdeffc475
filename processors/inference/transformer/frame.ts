// How token ids of one or two texts are cut to a length and framed by special tokens.
import { stepsOf, type TokenizerJson } from './tokenizer-json.ts';

/** Tokens of an input, ready for the model. */
export interface Encoding {
  readonly ids: readonly number[];
  /** 0 for what belongs to the first text, 1 for the second, where the tokenizer tells them apart. */
  readonly typeIds: readonly number[];
}

/** A piece of a frame: a special token, or the place of a text. */
type Slot =
  | { readonly token: number; readonly type: number }
  | { readonly text: 0 | 1; readonly type: number };

export interface Frame {
  readonly single: readonly Slot[];
  readonly pair: readonly Slot[];
}

/** Special tokens that are read from tokenizer.json. Throws for a post-processor that is not known. */
export function frameOf(json: TokenizerJson): Frame {
  // ByteLevel only changes offsets.
  const steps = stepsOf(json.post_processor, 'processors').filter(({ type }) => type !== 'ByteLevel');
  if (steps.length === 0)
    return {
      single: [{ text: 0, type: 0 }],
      pair: [
        { text: 0, type: 0 },
        { text: 1, type: 0 },
      ],
    };
  const [step] = steps;
  if (steps.length === 1 && step!.type === 'TemplateProcessing') {
    return { single: templateOf(step!.single, step!), pair: templateOf(step!.pair, step!) };
  }
  if (steps.length === 1 && (step!.type === 'BertProcessing' || step!.type === 'RobertaProcessing')) {
    return processingOf(step!.cls, step!.sep, step!.type === 'RobertaProcessing');
  }
  throw new Error(`the post-processor ${steps.map(({ type }) => type).join(', ')} is not supported`);
}

function processingOf(cls: unknown, sep: unknown, isRoberta: boolean): Frame {
  const first = { token: (cls as [string, number])[1], type: 0 };
  const end = { token: (sep as [string, number])[1], type: 0 };
  const type = isRoberta ? 0 : 1;
  const single: Slot[] = [first, { text: 0, type: 0 }, end];
  return { single, pair: [...single, ...(isRoberta ? [end] : []), { text: 1, type }, { ...end, type }] };
}

interface TemplateItem {
  readonly SpecialToken?: { readonly id: string; readonly type_id: number };
  readonly Sequence?: { readonly id: 'A' | 'B'; readonly type_id: number };
}

function templateOf(items: unknown, step: Readonly<Record<string, unknown>>): readonly Slot[] {
  const special = step.special_tokens as Readonly<Record<string, { readonly ids: readonly number[] }>>;
  return (items as readonly TemplateItem[]).flatMap(({ SpecialToken, Sequence }): readonly Slot[] => {
    if (Sequence !== undefined) return [{ text: Sequence.id === 'A' ? 0 : 1, type: Sequence.type_id }];
    return special[SpecialToken!.id]!.ids.map((token) => ({ token, type: SpecialToken!.type_id }));
  });
}

/**
 * Cuts and frames. Two texts that are too long together are cut as `longest_first` does in Hugging Face’s `tokenizers`:
 * the longer one first, then both to halves. Cuts at the end.
 */
export function framed(frame: Frame, texts: readonly (readonly number[])[], tokensMax: number): Encoding {
  const slots = texts.length === 1 ? frame.single : frame.pair;
  const special = slots.reduce((sum, slot) => sum + ('token' in slot ? 1 : 0), 0);
  const lengths = cutLengths(
    texts.map(({ length }) => length),
    Math.max(0, tokensMax - special),
  );
  const ids: number[] = [];
  const typeIds: number[] = [];
  for (const slot of slots) {
    const count = 'token' in slot ? 1 : lengths[slot.text]!;
    for (let at = 0; at < count; at++) {
      ids.push('token' in slot ? slot.token : texts[slot.text]![at]!);
      typeIds.push(slot.type);
    }
  }
  return { ids, typeIds };
}

function cutLengths(lengths: readonly number[], room: number): readonly number[] {
  const [first = 0, second = 0] = lengths;
  if (first + second <= room) return lengths;
  if (lengths.length === 1) return [room];
  const shorter = Math.min(first, second);
  let short = shorter;
  let long = shorter > room ? shorter : Math.max(shorter, room - shorter);
  if (short + long > room) {
    short = Math.floor(room / 2);
    long = short + (room % 2);
  }
  return first > second ? [long, short] : [short, long];
}
