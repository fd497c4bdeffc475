// `npm run audit`: what is shipped, under which licences, with which known vulnerabilities. Writes the bill of
// materials (CycloneDX) to the file named, and exits with 1 when something is in it that may not be shipped.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { Command } from 'commander';

interface Component {
  readonly name: string;
  readonly version: string;
  readonly licenses?: readonly {
    readonly expression?: string;
    readonly license?: { readonly id?: string; readonly name?: string };
  }[];
}

/** Licences that ask for no more than their own text. Anything else is a decision for a person. */
const allowed = new Set([
  'MIT',
  'Apache-2.0',
  'ISC',
  '0BSD',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'CC0-1.0',
  'Python-2.0',
]);

/** Packages whose `package.json` names no licence, and where it is said instead. */
const saidElsewhere: ReadonlyMap<string, string> = new Map([
  ['@kafkajs/confluent-schema-registry', 'MIT, in its LICENSE file'],
]);

const licenceOf = ({ licenses = [] }: Component): string =>
  licenses.map(({ expression, license }) => expression ?? license?.id ?? license?.name).join(' AND ');

/** Whether a licence expression holds nothing but allowed licences; of alternatives one is enough. */
const mayShip = (licence: string): boolean =>
  licence
    .replace(/[()]/g, '')
    .split(' AND ')
    .every((term) => term.split(' OR ').some((name) => allowed.has(name)));

/** Every package that a user installs, with its licence. */
function billOfMaterials(): { readonly text: string; readonly components: readonly Component[] } {
  const text = execFileSync('npm', ['sbom', '--omit=dev', '--sbom-format=cyclonedx'], {
    encoding: 'utf8',
    maxBuffer: 64 * 1_048_576,
  });
  return { text, components: (JSON.parse(text) as { components: Component[] }).components };
}

interface Advisories {
  readonly metadata?: { readonly vulnerabilities: Readonly<Record<string, number>> };
  readonly message?: string;
}

/** Known vulnerabilities by severity; null when this registry cannot be asked. */
function vulnerabilities(): Readonly<Record<string, number>> | null {
  let answer: string;
  try {
    answer = execFileSync('npm', ['audit', '--omit=dev', '--json'], { encoding: 'utf8', stdio: 'pipe' });
  } catch (error) {
    answer = String((error as { stdout?: unknown }).stdout ?? '');
  }
  try {
    return (JSON.parse(answer) as Advisories).metadata?.vulnerabilities ?? null;
  } catch {
    return null;
  }
}

function run({ sbom }: { readonly sbom?: string }): number {
  const { text, components } = billOfMaterials();
  if (sbom) writeFileSync(sbom, text);
  const refused = components.filter(
    (component) => !mayShip(licenceOf(component)) && !saidElsewhere.has(component.name),
  );
  for (const component of refused)
    process.stderr.write(
      `${component.name}@${component.version}: licence "${licenceOf(component) || 'none'}" is not allowed\n`,
    );
  const found = vulnerabilities();
  const serious = (found?.high ?? 0) + (found?.critical ?? 0);
  process.stdout.write(
    `${components.length} packages shipped, ${refused.length} with a licence that is not allowed\n`,
  );
  process.stdout.write(
    found
      ? `known vulnerabilities: ${JSON.stringify(found)}\n`
      : 'known vulnerabilities: not checked, this npm registry does not answer audits\n',
  );
  return refused.length > 0 || serious > 0 ? 1 : 0;
}

new Command('npm run audit --')
  .description('licences and known vulnerabilities of what is shipped, and its bill of materials')
  .option('--sbom <file>', 'write the bill of materials there, as CycloneDX JSON')
  .addHelpText(
    'after',
    '\nExit code 1: a licence that is not allowed, or a vulnerability that is high or critical.\n\nExamples:\n  npm run audit\n  npm run audit -- --sbom sbom.json',
  )
  .action((options: { readonly sbom?: string }) => {
    process.exitCode = run(options);
  })
  .parse();
