// Matchers, as Alertmanager writes them: which alerts a silence hides and which a channel gets.
import type { Alert } from '../../schemas/alert.ts';

type Operator = '=' | '!=' | '=~' | '!~';

/** One condition on one attribute of an alert; `=~` takes a regular expression that has to match as a whole. */
export interface Matcher {
  readonly name: string;
  readonly operator: Operator;
  readonly value: string;
}

/** What marks the entries of an alert’s evidence that are labels of its rule. */
const labelPrefix = 'label.';

/** Labels as entries of an alert’s evidence. */
export const labelEvidence = (labels: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(labels).map(([name, value]) => [labelPrefix + name, value]));

/** The labels of an alert: those of its rule. */
export const labelsOf = ({ evidence }: Pick<Alert, 'evidence'>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(evidence).flatMap(([name, value]) =>
      name.startsWith(labelPrefix) ? [[name.slice(labelPrefix.length), value]] : [],
    ),
  );

/** What matchers see of an alert: its rule, severity, group, tenant, and the labels of its rule. */
const attributesOf = (alert: Alert): Record<string, string> => ({
  ...labelsOf(alert),
  rule: alert.rule,
  severity: alert.severity,
  group: alert.group ?? '',
  tenant: alert.tenant,
});

/**
 * Reads `name=value`, `name!=value`, `name=~expression` or `name!~expression`; a word without an operator is a rule and
 * everything below it. Returns what is wrong with it as a text.
 */
export function readMatcher(written: string): Matcher | string {
  const [, name = '', operator = '=', rest = ''] = /^([\w.-]+)(=~|!~|!=|=)(.*)$/s.exec(written.trim()) ?? [];
  const value = rest.replace(/^"(.*)"$/s, '$1');
  if (name === '') {
    if (!/^[\w@./-]+$/.test(written)) return `"${written}" is no matcher`;
    return { name: 'rule', operator: '=~', value: `${escaped(written)}(/.*)?` };
  }
  const matcher: Matcher = { name, operator: operator as Operator, value };
  try {
    expressionOf(matcher);
    return matcher;
  } catch {
    return `"${value}" is no regular expression`;
  }
}

export const printMatcher = ({ name, operator, value }: Matcher): string => `${name}${operator}${value}`;

/** Whether an alert fulfils every matcher; an attribute that it does not have is empty. */
export function matchesAll(matchers: readonly Matcher[], alert: Alert): boolean {
  const attributes = attributesOf(alert);
  return matchers.every((matcher) => holds(matcher, attributes[matcher.name] ?? ''));
}

function holds(matcher: Matcher, given: string): boolean {
  switch (matcher.operator) {
    case '=':
      return given === matcher.value;
    case '!=':
      return given !== matcher.value;
    case '=~':
      return expressionOf(matcher).test(given);
    case '!~':
      return !expressionOf(matcher).test(given);
  }
}

const expressionOf = ({ value }: Matcher): RegExp => new RegExp(`^(?:${value})$`, 's');

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
