// Sentences the hate model is judged on, by what they put to the test (its “functionality”): written for this project,
// none of them among the learned patterns. They are rude on purpose: this is what has to be told apart.

/** One thing a model of hate has to be able to do. */
interface Functionality {
  readonly name: string;
  readonly label: 'hate' | 'not-hate';
  /** `{groups}` becomes a name of several people, `{one}` of one. */
  readonly patterns: readonly string[];
}

/** How the same group is called in the plural and in the singular; a quarter of them is in no learned sentence. */
export const judgedGroups: readonly (readonly [groups: string, one: string])[] = [
  ['women', 'woman'],
  ['gay people', 'gay man'],
  ['Muslims', 'Muslim'],
  ['Jews', 'Jew'],
  ['black people', 'black man'],
  ['immigrants', 'immigrant'],
  ['disabled people', 'disabled person'],
  ['trans people', 'trans woman'],
  ['refugees', 'refugee'],
  ['Mexicans', 'Mexican'],
  ['Sikhs', 'Sikh'],
  ['lesbians', 'lesbian'],
  ['Pakistanis', 'Pakistani'],
  ['deaf people', 'deaf woman'],
  ['Hispanics', 'Hispanic guy'],
];

const hateful: readonly Functionality[] = [
  {
    name: 'contempt for a group',
    label: 'hate',
    patterns: [
      'If there is one thing I cannot respect, it is {groups}.',
      '{groups} disgust me more every day.',
      'You will find that {groups} are the most useless bunch on this planet.',
      'I look down on {groups} and so should you.',
    ],
  },
  {
    name: 'comparison with animals or disease',
    label: 'hate',
    patterns: [
      '{groups} are like a swarm of locusts.',
      'Living next to {groups} is like living next to a sewer.',
      'A {one} has about as much soul as a cockroach.',
      '{groups} spread through this town like a plague.',
    ],
  },
  {
    name: 'threat',
    label: 'hate',
    patterns: [
      'The next {one} I meet gets a bullet.',
      'We are going to hunt {groups} down, one after the other.',
      '{groups} had better start running, because we are coming with ropes.',
      'I am going to smash the teeth of every {one} who walks past here.',
    ],
  },
  {
    name: 'wish of harm',
    label: 'hate',
    patterns: [
      'I would love to see {groups} starve.',
      'May every last {one} drown.',
      'It would be a better world if somebody gassed {groups}.',
      'Nothing would please me more than {groups} dropping dead.',
    ],
  },
  {
    name: 'demand to exclude',
    label: 'hate',
    patterns: [
      'Take the vote away from {groups}.',
      'No landlord should rent to {groups}.',
      'Put {groups} on a boat and let it sail.',
      'Keep {groups} away from our schools before it is too late.',
    ],
  },
  {
    name: 'prejudice without an abusive word',
    label: 'hate',
    patterns: [
      'Count your change when a {one} is at the till.',
      'We all know what happens to a street once {groups} move in.',
      'I would never let a {one} teach my children.',
      'Of course the {one} did it, they always do.',
    ],
  },
  {
    name: 'group named in one clause, abused in the next',
    label: 'hate',
    patterns: [
      'There are more {groups} here each year. Somebody should exterminate them.',
      'You said you work with {groups}? They are filth, all of them.',
      'The people upstairs are {groups}. Such creatures deserve no mercy.',
    ],
  },
  {
    name: 'abuse put as question or opinion',
    label: 'hate',
    patterns: [
      'Why is it that {groups} are so repulsive?',
      'Am I the only one who thinks {groups} are subhuman?',
      'In my humble opinion {groups} belong in cages.',
      'Honestly, who would not want {groups} gone?',
    ],
  },
  {
    name: 'praise denied',
    label: 'hate',
    patterns: [
      '{groups} have never contributed anything worthwhile.',
      'There is no such thing as an honest {one}.',
      '{groups} do not deserve human rights.',
      'I have yet to meet a {one} with a working brain.',
    ],
  },
  {
    name: 'abuse with swear words',
    label: 'hate',
    patterns: [
      'Goddamn {groups} fuck up everything they touch.',
      'I am so fucking sick of these {groups} and their shit.',
      'Every {one} can go to hell, the bastards.',
    ],
  },
  {
    name: 'slur',
    label: 'hate',
    patterns: [
      'Get lost, you dirty paki.',
      'This bus is full of niggers again.',
      'Only a faggot would wear that.',
      'The kikes own it all, look it up.',
      'Some chink took my job.',
      'Wetbacks go home.',
      'That tranny should be ashamed to go outside.',
      'Nobody wants ragheads here.',
      'What a filthy gypsy.',
      'The spics next door are at it again.',
      'Shut it, you mongoloid retards are all the same.',
      'Coons cannot help it.',
    ],
  },
];

const harmless: readonly Functionality[] = [
  {
    name: 'neutral mention',
    label: 'not-hate',
    patterns: [
      'Two {groups} opened a bakery on our street last spring.',
      'The survey asked {groups} how they travel to work.',
      'My dentist is a {one}.',
      'Most of the choir are {groups}, and rehearsals are on Monday.',
      'Parliament debates how many {groups} the city can house by winter.',
      'The film follows a {one} through one day in Lisbon.',
    ],
  },
  {
    name: 'praise',
    label: 'not-hate',
    patterns: [
      'I am glad that {groups} feel at home here.',
      'Some of the bravest people I know are {groups}.',
      'What a joy it was to dance with {groups} at the festival.',
      'Being a {one} is something to be proud of.',
      'We stand with {groups}, today and tomorrow.',
      'My best friend is a {one} and the funniest person I know.',
    ],
  },
  {
    name: 'hate denied',
    label: 'not-hate',
    patterns: [
      'I would never say that {groups} are parasites.',
      'It is simply untrue that {groups} are criminals.',
      '{groups} are in no way inferior.',
      'Not one of my friends wants {groups} dead.',
      'Nobody here hates {groups}.',
      'There is nothing wrong with being a {one}.',
    ],
  },
  {
    name: 'hate quoted to object to it',
    label: 'not-hate',
    patterns: [
      'Anyone who shouts “{groups} are vermin” will be thrown out of this forum.',
      'The sentence “deport all {groups}” made me sick when I read it on that wall.',
      'Please stop telling jokes about how stupid {groups} are, it is cruel.',
      'Whoever wrote that {groups} should be shot needs to be reported.',
      'You cannot just claim that {groups} steal and expect us to nod.',
      'Stop bullying {groups}, it says more about you than about them.',
    ],
  },
  {
    name: 'hate reported',
    label: 'not-hate',
    patterns: [
      'A man was sentenced today after he threatened to kill {groups}.',
      'The pamphlet of 1934 called {groups} a disease, the historian writes.',
      'My grandmother remembers neighbours who spat at {groups}.',
      'Attacks on {groups} rose by a fifth, says the report.',
      'They beat him up because he is a {one}, and nobody helped.',
      'Some landlords still refuse to let flats to {groups}, which is against the law.',
    ],
  },
  {
    name: 'abuse of one person',
    label: 'not-hate',
    patterns: [
      'You are a miserable coward and everyone knows it.',
      'My boss is the biggest moron alive.',
      'I hope you choke on your lunch, Kevin.',
      'That referee is a blind idiot.',
      'What a disgusting liar you turned out to be.',
      'Go to hell, you two-faced rat.',
      'I will break your nose if you touch my bike again.',
      'He is scum for leaving his dog in the heat.',
    ],
  },
  {
    name: 'abuse of things',
    label: 'not-hate',
    patterns: [
      'I hate this printer with all my heart.',
      'Whoever designed these chairs, they are vermin among furniture.',
      'Mosquitoes are a plague, kill them all.',
      'This phone is worthless garbage.',
      'Mondays should be abolished.',
      'What a filthy, stinking kitchen.',
      'Weeds must be exterminated before they spread.',
      'The traffic here is a cancer.',
    ],
  },
  {
    name: 'abuse of groups by choice',
    label: 'not-hate',
    patterns: [
      'Bankers are leeches.',
      'Every spammer deserves to rot in jail.',
      'Telemarketers are the scum of the earth.',
      'I despise landlords who raise the rent every year.',
      'Smokers stink and should not be allowed in here.',
      'Cheaters have no place in this game, throw them out.',
      'Football hooligans are animals.',
      'Lobbyists are parasites, get rid of them.',
    ],
  },
  {
    name: 'swear words without hate',
    label: 'not-hate',
    patterns: [
      'Holy shit, that goal was amazing.',
      'Fuck, I left my keys inside.',
      'This is some damn good soup.',
      'I am so fucking tired today.',
      'Bloody hell, is it Friday already?',
      'Well shit, there goes my weekend.',
    ],
  },
  {
    name: 'words reclaimed or of another meaning',
    label: 'not-hate',
    patterns: [
      'As a queer woman I am marching with my dykes on Saturday.',
      'We queers have to look after each other.',
      'There is a chink in the armour of this argument.',
      'Call a spade a spade.',
      'He smoked a fag outside the pub, as Londoners say.',
      'The raccoon and her two coons slept in the shed, said the old hunting book.',
      'The gypsy moth eats oak leaves.',
      'The crackers went stale, so we ate the cheese alone.',
    ],
  },
];

export const functionalities: readonly Functionality[] = [...hateful, ...harmless];
