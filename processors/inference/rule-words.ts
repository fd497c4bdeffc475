// Words that the rules go by: few, plain, and the most usual ones. Whoever needs more needs a model.

const words = (list: string): readonly string[] => list.trim().split(/\s+/);

export const positiveWords = new Set(
  words(`good great excellent amazing awesome wonderful fantastic love loved loves lovely like liked nice perfect best
    happy glad beautiful brilliant enjoy enjoyed helpful useful thanks thank cool superb recommend fun delicious
    gut toll super schön liebe danke bueno buena excelente genial gracias bon bonne bien merci bom ótimo obrigado bello grazie`),
);

export const negativeWords = new Set(
  words(`bad terrible awful horrible worst hate hated hates sad angry annoying annoyed boring broken disappointing
    disappointed disgusting fail failed fails garbage poor rubbish slow stupid sucks ugly useless waste worse wrong crash
    crashes schlecht furchtbar hasse malo mala terrible odio mauvais nul horrible ruim péssimo brutto pessimo`),
);

/** Words that turn what the next two say into its opposite. */
export const negations = new Set(
  words("not no never don't doesn't didn't isn't wasn't can't cannot won't nicht kein nie pas non não"),
);

/** Words and phrases of attack; a phrase is words with one space between. */
export const toxicPhrases = [
  ...words(`idiot idiots moron morons imbecile scum scumbag bastard bitch asshole fuck fucking fucker motherfucker dickhead
    shithead retard retarded subhuman vermin`),
  ...[
    'shut up',
    'hate you',
    'kill yourself',
    'kill you',
    'go die',
    'drop dead',
    'piece of shit',
    'you are stupid',
  ],
  ...['you are trash', 'you are garbage', 'you are pathetic', "you're pathetic", "you're stupid"],
];

/** Words of a feeling, by the label of the emotion model. */
export const emotionWords: Readonly<Record<string, ReadonlySet<string>>> = {
  gratitude: new Set(words('thanks thank grateful appreciate thankful')),
  love: new Set(words('love loved loves adore')),
  amusement: new Set(words('haha hahaha lol lmao funny hilarious')),
  joy: new Set(words('happy glad joy delighted enjoy enjoyed')),
  anger: new Set(words('angry furious hate rage mad pissed')),
  sadness: new Set(words('sad cry crying depressed miserable unhappy')),
  fear: new Set(words('afraid scared terrified fear frightening')),
  surprise: new Set(words('wow surprised unexpected omg')),
};

/** What a prompt asks for, by the label of the intent model; the first that matches counts. */
export const intentPatterns: readonly (readonly [string, RegExp])[] = [
  [
    'coding',
    /```|\b(code|function|python|javascript|typescript|java|sql|regex|script|bug|compile|unit test)\b/i,
  ],
  ['rewriting_translation', /\b(translate|rewrite|rephrase|paraphrase|proofread|correct the)\b/i],
  ['summarization', /\b(summari[sz]e|summary|tl;?dr|key points)\b/i],
  ['classification', /\b(classify|categori[sz]e|label (each|the))\b/i],
  ['math_reasoning', /\b(solve|calculate|equation|integral|probability of|how many)\b/i],
  ['brainstorming', /\b(brainstorm|ideas?|suggest(ions)?|names for)\b/i],
  ['writing', /\b(write|draft|compose) .*\b(poem|story|essay|e-?mail|letter|song|article|post|speech)\b/i],
  ['advice_planning_chat', /\b(should i|advice|plan|itinerary|recommend|help me)\b/i],
  ['question_answering', /\?\s*$|^(what|who|when|where|why|how|which|is|are|does|do|can)\b/i],
];

/** Languages that a script gives away; the first that fits counts. */
export const scripts: readonly (readonly [string, RegExp])[] = [
  ['ja', /[\p{Script=Hiragana}\p{Script=Katakana}]/gu],
  ['ko', /\p{Script=Hangul}/gu],
  ['zh', /\p{Script=Han}/gu],
  ['th', /\p{Script=Thai}/gu],
  ['el', /\p{Script=Greek}/gu],
  ['he', /\p{Script=Hebrew}/gu],
  ['ar', /\p{Script=Arabic}/gu],
  ['ru', /\p{Script=Cyrillic}/gu],
  ['hi', /\p{Script=Devanagari}/gu],
  ['bn', /\p{Script=Bengali}/gu],
  ['ta', /\p{Script=Tamil}/gu],
  ['te', /\p{Script=Telugu}/gu],
  ['ka', /\p{Script=Georgian}/gu],
  ['am', /\p{Script=Ethiopic}/gu],
];

/** The most usual words of languages in Latin script. */
export const stopWords: Readonly<Record<string, ReadonlySet<string>>> = {
  en: new Set(words('the and is of to in that it this was for you with are have not on be i what')),
  de: new Set(words('der die das und ist nicht ich ein eine zu den mit es auf für sie wir auch wie was')),
  fr: new Set(words('le la les et est pas je un une des de que il en pour dans ce qui sur vous')),
  es: new Set(words('el la los las y es no que un una de en por con para se lo del está muy')),
  pt: new Set(words('o os as e é não que um uma de em por com para se do da está muito eu')),
  it: new Set(words('il lo gli e è non che un una di in per con si del della sono questo molto ho')),
  nl: new Set(words('de het een en is niet ik van in dat op te zijn met voor je maar ook wat er')),
};
