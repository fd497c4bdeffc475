// Normalizers of Unigram pipelines, one function for each step of tokenizer.json.
import { whitespace } from './character-classes.ts';
import { Charsmap } from './charsmap.ts';
import { type Component, stepsOf } from './tokenizer-json.ts';

type Normalize = (text: string) => string;

/** All steps as one function; null where one of them is not known. */
export function createNormalize(normalizer: Component | null): Normalize | null {
  const steps = stepsOf(normalizer, 'normalizers').map(stepOf);
  if (steps.some((step) => step === null)) return null;
  return (text) => steps.reduce((normal, step) => step!(normal), text);
}

const leading = new RegExp(`^[${whitespace}]+`, 'u');
const trailing = new RegExp(`[${whitespace}]+$`, 'u');

function stepOf(step: Component): Normalize | null {
  switch (step.type) {
    case 'Precompiled': {
      if (typeof step.precompiled_charsmap !== 'string') return (text) => text;
      const charsmap = new Charsmap(step.precompiled_charsmap);
      return (text) => charsmap.normalize(text);
    }
    case 'Strip':
      return (text) => {
        const left = step.strip_left === false ? text : text.replace(leading, '');
        return step.strip_right === false ? left : left.replace(trailing, '');
      };
    case 'Lowercase':
      return (text) => text.replaceAll('Σ', 'σ').toLowerCase();
    case 'NFC':
    case 'NFD':
    case 'NFKC':
    case 'NFKD': {
      const form = step.type;
      return (text) => text.normalize(form);
    }
    case 'Replace':
      return replacementOf(step.pattern as Readonly<Record<string, string>>, String(step.content ?? ''));
    default:
      return null;
  }
}

/** Regular expressions that such files have, as JavaScript writes them: in general the two dialects differ in too much. */
const expressions: ReadonlyMap<string, RegExp> = new Map([
  [' {2,}', / {2,}/gu],
  ['\\s{2,}|[\\n\\r\\t]', new RegExp(`[${whitespace}]{2,}|[\\n\\r\\t]`, 'gu')],
]);

function replacementOf(pattern: Readonly<Record<string, string>>, content: string): Normalize | null {
  const sought = pattern.String ?? expressions.get(pattern.Regex ?? '');
  return sought === undefined ? null : (text) => text.replaceAll(sought, () => content);
}
