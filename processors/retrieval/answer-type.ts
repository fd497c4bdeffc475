// What kind of answer a question asks for, and what in a passage looks like one (after the answer types of
// Li and Roth 2002, as far as words and patterns show them). Works on text without capitals too.

export const answerTypes = [
  'person',
  'time',
  'number',
  'place',
  'definition',
  'reason',
  'manner',
  'thing',
] as const;
export type AnswerType = (typeof answerTypes)[number];

const months =
  'january|february|march|april|may|june|july|august|september|october|november|december|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec';
const days = 'monday|tuesday|wednesday|thursday|friday|saturday|sunday';
const numberWords =
  'one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty|sixty|hundred|thousand|million|billion|half|dozen|several';

const questions: readonly (readonly [AnswerType, RegExp])[] = [
  [
    'person',
    /\bwho(?:se|m)?\b|\b(?:what|which)\s+(?:\w+\s+)?(?:actor|actress|author|singer|president|king|queen|person|man|woman|player|name of the (?:man|woman|person))\b/i,
  ],
  [
    'time',
    /\bwhen\b|\b(?:what|which|in what|in which)\s+(?:year|date|day|month|century|decade|time|season|period)\b|\bhow (?:long ago|old)\b|\bwhat age\b/i,
  ],
  [
    'number',
    /\bhow (?:many|much|big|large|long|tall|high|far|fast|deep|old|often|heavy|wide|hot|cold)\b|\b(?:what|which)\s+(?:is|was|are|were)?\s*(?:the\s+)?(?:\w+\s+)?(?:number|percent\w*|population|distance|height|length|size|cost|price|temperature|amount|total|rate|speed|weight|area|zip code|area code)\b/i,
  ],
  [
    'place',
    /\bwhere\b|\b(?:what|which|in what|in which)\s+(?:\w+\s+)?(?:city|country|state|place|county|continent|town|region|location|island|river|capital|province|nation)\b/i,
  ],
  [
    'reason',
    /\bwhy\b|\bwhat (?:caused|causes|is the (?:reason|cause|purpose)|are the (?:reasons|causes))\b|\bhow come\b/i,
  ],
  ['manner', /^\W*(?:\w+\s+)?how\b/i],
  ['definition', /^\W*what(?:['’]s| is| are| was| were| does [\w\s'’-]+ mean)\b/i],
];

/** The kind of answer a question asks for: `thing` where nothing tells more. */
export const answerTypeOf = (question: string): AnswerType =>
  questions.find(([, pattern]) => pattern.test(question))?.[0] ?? 'thing';

const name = /\p{Lu}[\p{Ll}'’]+(?:\s+(?:\p{Lu}\.\s*)?(?:of |de |van |von |the )?\p{Lu}[\p{L}'’]+)+/u;
const role =
  /\b(?:mr|mrs|dr|sir|lord|king|queen|president|actor|actress|author|singer|writer|director|founder|inventor|leader|minister|general|coach|player|artist|musician|politician|scientist|he|she|his|her|born|wrote|invented|founded|directed|starring|played by|voiced|portrayed|created by|written by|led by)\b/i;

/** What an answer of a type looks like: 0–1, by how many signs of it a passage has. */
const signs: Readonly<Record<AnswerType, readonly RegExp[]>> = {
  person: [name, role],
  time: [
    /\b(?:1\d|20)\d\d\b/,
    new RegExp(
      `\\b(?:${months}|${days})\\b|\\b\\d+(?:st|nd|rd|th)? (?:century|years?|months?|days?)\\b|\\b\\d{3,4} ?(?:bce?|ad|ce)\\b`,
      'i',
    ),
  ],
  number: [
    new RegExp(`\\d|<num>|\\b(?:${numberWords})\\b`, 'i'),
    /(?:\d|<num>|illion|hundred|thousand)[\d,.\s]*(?:%|percent|°|degrees?|miles?|km|kilomet\w+|met(?:er|re)s?|feet|foot|inch\w*|cm|mm|kg|pounds?|lbs?|tons?|years?|people|dollars|acres|square|hours?|minutes?|members?|inhabitants)|[$£€]/i,
  ],
  place: [
    /\b(?:in|at|near|from|located|of)\s+(?:the\s+)?\p{Lu}\p{Ll}+/u,
    /\b(?:located|situated|city|country|state|county|north(?:ern)?|south(?:ern)?|east(?:ern)?|west(?:ern)?|capital|region|province|coast|island|river|border\w*|village|town|street|headquarter\w*|based in|born in)\b/i,
  ],
  definition: [
    /^[^.]{2,90}?\b(?:is|are|was|were|refers to|means)\b\s+(?:an?|the|one|any|used|known|usually|generally)\b/i,
    /\b(?:refers? to|means|meaning|defined as|known as|called|describes?|type of|form of|kind of|consists? of)\b/i,
  ],
  reason: [
    /\b(?:because|due to|since|therefore|so that|as a result|in order to|caused?|causes|reason|leads? to|results? (?:in|from)|owing to|allows?|prevents?)\b/i,
    /\b(?:because|due to|as a result|caused by|in order to|so that)\b/i,
  ],
  manner: [
    /\b(?:by|using|through|via|with|process|method|step|first|then|when|works?|uses?|is used|formed|made)\b/i,
    /\bby (?:the )?\w+ing\b|\b(?:process|method|steps?|formed|made) (?:of|from|by|in|when)\b/i,
  ],
  thing: [],
};

/** How much of what answers of a type look like is in a passage, 0–1. */
export function signsOf(type: AnswerType, passage: string): number {
  const patterns = signs[type];
  if (patterns.length === 0) return 0;
  return patterns.filter((pattern) => pattern.test(passage)).length / patterns.length;
}

/** The term a question asks after: "country" in "what country has …"; empty where it names none. */
export const focusOf = (question: string): string =>
  /\b(?:what|which)\s+(?:(?:is|are|was|were|kind of|type of|sort of|the|name of)\s+)*([\p{L}]{3,})/iu.exec(
    question,
  )?.[1] ?? '';
