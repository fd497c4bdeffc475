// Whether a comment is hateful towards a group of people, or towards somebody for belonging to one.

import { isInShare, type Row, textOf } from '../data-sets/rows.ts';
import type { DataSet, Role, Task } from '../task.ts';
import type { Example } from '../trainer.ts';
import { emotionsOf, goemotions } from './goemotions.ts';
import { learnedSentences } from './hate-grammar/learned-sentences.ts';

const hateful = 'hate';
const harmless = 'not-hate';

/** Words of groups, and slurs: rude posts without any of them are abuse, but no hate. */
const aboutGroups =
  /\b(?:wom[ae]n|females?|girls?|gays?|lesbians?|homosexuals?|trans\w*|queers?|lgbt\w*|muslims?|islam\w*|moslems?|jew\w*|christians?|catholics?|hindus?|blacks?|whites?|asians?|latin[oa]s?|hispanics?|africans?|arabs?|mexicans?|chinese|indians?|natives?|racis\w*|im?migrants?|aliens?|refugees?|foreigners?|disabled|retard\w*|autis\w*|feminists?|nigg\w*|fag\w*|bitch\w*|whores?|sluts?|cunts?|dykes?|zion\w*|semit\w*|rac(?:e|ial))\b/iu;

/** Those of them that are groups of people by birth, origin or belief. */
const protectedGroups =
  /\b(?:wom[ae]n|females|gays?|lesbians?|homosexuals?|trans(?:gender\w*)?|queers?|muslims?|islam|moslems?|jews?|jewish|blacks?|whites|asians?|latin[oa]s?|africans?|arabs?|mexicans?|chinese|indians?|natives|im?migrants?|refugees?|foreigners?|retards?|nigg\w*|fag\w*|bitches|whores|sluts|cunts|dykes?)\b/iu;

/** Comments of any kind that name no group. */
const beside =
  (share: number, weight: number) =>
  (row: Row): readonly Example[] => {
    const text = textOf(row);
    return aboutGroups.test(text) || !isInShare(text, share) ? [] : [{ text, labels: [harmless], weight }];
  };

const unkind = new Set('anger annoyance disapproval disgust fear'.split(' '));

/** Comments that name a group and are not meant badly, and a tenth of the others. */
function kindComments(row: Row): readonly Example[] {
  const text = textOf(row);
  if (!aboutGroups.test(text)) return beside(0.1, 0.5)(row);
  return emotionsOf(row).some((emotion) => unkind.has(emotion))
    ? []
    : [{ text, labels: [harmless], weight: 1 }];
}

/** Letters between the name of a group and a toxic span up to which the one is about the other. */
const reach = 30;

function forumAbuse(row: Row): readonly Example[] {
  const text = textOf(row);
  const spans = row.spans as readonly number[];
  const match = protectedGroups.exec(text);
  if (match !== null && spans.some((at) => Math.abs(at - match.index) < reach))
    return [{ text, labels: [hateful], weight: 0.5 }];
  return beside(0.5, 0.5)(row);
}

const labelled =
  (label: string) =>
  (row: Row): readonly Example[] => [
    { text: textOf(row), labels: [row.label === label ? hateful : harmless] },
  ];

/** Posts of a forum of white supremacists. A tenth is kept to calibrate on. */
const forum = (role: Exclude<Role, 'test'>): DataSet => ({
  file: 'vicomtech_stormfront/all',
  role,
  licence: 'CC-BY-SA-3.0-ES',
  source: 'Vicomtech/hate-speech-dataset@b802137e8314',
  shipped: true,
  examples: (row) =>
    isInShare(textOf(row), 0.1) === (role === 'calibration')
      ? labelled(hateful)(row).map((example) => ({ ...example, weight: row.label === hateful ? 10 : 1 }))
      : [],
});

const evaluated = (file: string, licence: string, source: string, label: string): DataSet => ({
  file,
  role: 'test',
  licence,
  source,
  shipped: false,
  examples: labelled(label),
});

export const hate: Task = {
  task: 'hate',
  version: '1.0.0',
  doc: 'Tells whether an English comment is hateful: attacks or demeans people for the group they belong to. Abuse of single people, of things or of groups by choice is toxic, but not this.',
  labels: [harmless, hateful],
  activation: 'softmax',
  emptyLabel: harmless,
  training: {
    kind: 'linear',
    parameters: {
      words: 3,
      charactersMin: 3,
      charactersMax: 5,
      leadingWords: 0,
      wordBuckets: 131_072,
      characterBuckets: 131_072,
      idsMax: 2_048,
      identities: true,
      negations: true,
      repairs: true,
      loss: 'logistic',
      cost: 1,
      balance: 'balanced',
    },
  },
  balancePower: 1,
  written: learnedSentences,
  calibrationShare: 0.05,
  dataSets: [
    forum('train'),
    forum('calibration'),
    {
      file: 'toxic_spans_civilcomments/train',
      role: 'train',
      licence: 'CC0-1.0',
      source: 'SemEval-2021 task 5, ipavlopoulos/toxic_spans@beaf170538df, those that name no group',
      shipped: true,
      examples: forumAbuse,
    },
    {
      file: 'jigsaw_wikipedia_subset/six_label_3000',
      role: 'train',
      licence: 'CC0-1.0 (labels), CC-BY-SA-3.0 (text)',
      source: 'Jigsaw, Wikipedia talk pages, through AK-Algorithm/Toxic-Comment-Classification@a3867eec993c',
      shipped: true,
      examples: (row) =>
        row.label === 'toxic' ? [] : [{ text: textOf(row), labels: [harmless], weight: 0.5 }],
    },
    goemotions('train', 'train', kindComments),
    {
      file: 'vicomtech_stormfront/sampled_test',
      role: 'test',
      licence: 'CC-BY-SA-3.0-ES',
      source: 'Vicomtech/hate-speech-dataset@b802137e8314',
      shipped: true,
      examples: labelled(hateful),
    },
    {
      file: 'hate-functions/test',
      role: 'test',
      licence: 'Apache-2.0',
      source: 'written for this project, trainers/tasks/hate-grammar/judged-patterns.ts',
      shipped: true,
      examples: (row) =>
        labelled(hateful)(row).map((example) => ({
          ...example,
          slices: { functionality: String(row.functionality) },
        })),
    },
    evaluated('tweeteval_hate/dev', 'none stated', 'cardiffnlp/tweeteval@4fbd22cd7842', hateful),
    evaluated(
      'davidson_hate_offensive/all',
      'MIT (labels), tweets under the terms of Twitter',
      't-davidson/hate-speech-and-offensive-language@cb50f7e9eb85',
      hateful,
    ),
    evaluated(
      'hatexplain_mirror/test',
      'MIT of the original, mirror unlicensed',
      'abdur-rehman7391/Data-Analyst@302143783de4',
      'hatespeech',
    ),
  ],
  reference: ['comments'],
  targets: [],
  limits: [],
};
