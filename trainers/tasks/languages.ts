// The languages that the language model tells apart, and those among them that are often asked about.

/** BCP 47 codes. */
export const languages: readonly string[] =
  'af am ar az be bg bn bs ca cs cy da de el en eo es et eu fa fi fr ga gu he hi hr hu hy id is it ja ka kk ko la lg lt lv mi mk mn mr ms nb nl nn om pa pl pt ro ru si sk sl sn so sq sr st sv sw ta te th ti tl tn tr ts uk ur vi xh yo zh zu'.split(
    ' ',
  );

/** The 25 of them with the most speakers, second languages counted. */
export const mostUsed: readonly string[] =
  'ar bn de en es fa fr gu hi id it ja ko mr pa pt ru sw ta te tl tr ur vi zh'.split(' ');

/** Close relatives, which short texts often leave open. */
export const relatives: Readonly<Record<string, readonly string[]>> = {
  'bs-hr-sr': ['bs', 'hr', 'sr'],
  'da-nb-nn': ['da', 'nb', 'nn'],
  'id-ms': ['id', 'ms'],
  'xh-zu': ['xh', 'zu'],
  'st-tn': ['st', 'tn'],
  'cs-sk': ['cs', 'sk'],
  'bg-mk': ['bg', 'mk'],
  'am-ti': ['am', 'ti'],
};
