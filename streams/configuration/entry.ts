// What a variable or a file says about one setting, before it is checked.
import { withoutSecrets } from '../../connectors/secret-text.ts';
import { nearest, type Problem } from './problem.ts';
import type { Setting } from './setting.ts';

export interface Entry {
  /** Dotted key. */
  readonly key: string;
  /** `env NAME` or `file:line`: shown as the value’s origin. */
  readonly origin: string;
  readonly value: unknown;
}

export type Checked =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly problem: Problem };

const shown = (given: unknown): string => {
  // Blotted out before it is cut: a cut address may have lost the mark that ends its password.
  const text = withoutSecrets(typeof given === 'string' ? `\`${given}\`` : JSON.stringify(given));
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
};

function fixFor({ kind }: Setting<unknown>, given: unknown): string {
  const words = Array.isArray(given) ? given : [given];
  const wrong = words.find((word) => typeof word === 'string' && !kind.choices?.includes(word));
  const meant = typeof wrong === 'string' && kind.choices ? nearest(wrong, kind.choices) : undefined;
  return meant ? `Did you mean \`${meant}\`?` : `Give ${kind.wanted}.`;
}

/** The value of an entry as its setting’s kind, or what is wrong with it. A secret’s value is never repeated. */
export function checkEntry(entry: Entry, setting: Setting<unknown>): Checked {
  const given = typeof entry.value === 'string' ? setting.kind.fromText(entry.value) : entry.value;
  const parsed = setting.kind.schema.safeParse(given);
  if (parsed.success) return { ok: true, value: parsed.data };
  if (setting.kind.explains) {
    const [issue] = parsed.error.issues;
    const at = (issue?.path ?? [])
      .map((part) => (typeof part === 'number' ? part + 1 : String(part)))
      .join(' ');
    const what = `${entry.key}${at === '' ? '' : ` (${at})`}: ${issue?.message ?? 'wrong'}`;
    return { ok: false, problem: { place: entry.origin, what, fix: `Give ${setting.kind.wanted}.` } };
  }
  const got = setting.secret ? '' : `, got ${shown(entry.value)}`;
  const what = `${entry.key} has to be ${setting.kind.wanted}${got}`;
  return { ok: false, problem: { place: entry.origin, what, fix: fixFor(setting, given) } };
}
