// Words of praise and blame, as reviewers use them, and short sentences made of them: real reviews that may be passed on
// are too few to hold them all.
import type { Example } from '../trainer.ts';

const list = (words: string): readonly string[] => words.split(/\s+/u).filter((word) => word !== '');

const qualities = {
  positive:
    list(`absorbing accessible accomplished accurate admirable adorable affecting affectionate affordable alive
    amazing ambitious amusing appealing appetising artful astonishing astounding atmospheric authentic awesome beautiful
    believable beloved best better bold brave breathtaking breezy bright brilliant captivating charismatic charming
    cheerful cinematic classic clever cohesive comfortable compassionate compelling complex confident convincing cool
    courageous crafted crisp cute daring dazzling deep deft delectable delicate delicious delightful dependable
    disarming distinctive durable dynamic earnest easy effective effortless electrifying elegant eloquent emotional
    enchanting endearing energetic engaging engrossing enjoyable enlightening entertaining enthralling epic evocative
    excellent exceptional exciting exhilarating expert exquisite extraordinary exuberant fabulous faithful fantastic
    fascinating fast fearless finest flawless fluid forceful fresh friendly fun funny gentle genuine glorious good
    gorgeous graceful great gripping handsome happy harmonious haunting heartfelt heartwarming helpful hilarious honest
    hopeful humane humorous hypnotic imaginative immersive impeccable impressive incisive inclusive incredible infectious
    ingenious innovative insightful inspired inspiring intelligent intense intimate intoxicating intriguing inventive
    invigorating irresistible joyful joyous keen likable lively lovely loving lucid luminous lush lyrical magical
    magnetic magnificent majestic marvelous masterful mature meaningful memorable mesmerizing meticulous mischievous
    moving nice nimble nuanced original outstanding passionate perceptive perfect personable playful pleasant pleasing
    pleasurable poetic poignant polished potent powerful praiseworthy precise priceless profound provocative quirky
    radiant rare realistic recommended refined refreshing reliable remarkable resonant respectful revelatory rewarding
    rich riveting robust romantic rousing satisfying seamless seductive sensational sensitive sharp sincere skillful
    sleek slick smart smooth solid soothing soulful sparkling special spectacular spirited splendid sterling stimulating
    stirring striking strong stunning stylish sublime subtle succulent sumptuous superb superior supple sweet sympathetic
    tasteful tasty tender terrific thorough thoughtful thrilling timeless touching tremendous triumphant truthful unforgettable
    unique uplifting valuable vibrant vital vivid warm watchable welcome whimsical wise witty wonderful wondrous worthwhile
    worthy wry yummy`),
  negative:
    list(`absurd abysmal aimless amateurish annoying anemic angry appalling arbitrary artificial atrocious awful
    awkward bad banal barren bitter bland bleak bloated boring broken brutal bumbling calculated careless cheap cheesy
    cliched clueless clumsy cluttered cold confused confusing contrived cold-hearted convoluted cramped crappy crass creepy
    crude cruel cynical damaged dated dead deadly defective deficient dense depressing derivative desperate dim dire
    dirty disappointed disappointing disastrous disgusting disjointed dismal distasteful dopey doomed drab dreadful dreary dull dumb
    embarrassing empty erratic excessive excruciating exhausting exploitative failed faint fake false farcical faulty feeble
    flat flawed flimsy foolish forced forgettable formulaic fragile frantic fraudulent frustrating fuzzy garbled generic gimmicky
    glib gloomy gratuitous greasy grating grim gross gruesome hackneyed half-baked hateful heavy-handed hideous hokey
    hollow hopeless horrendous horrible horrific hostile humorless idiotic ill-conceived implausible inane inaudible
    incoherent incompetent inconsistent inept inert inferior insipid insufferable insulting interminable irrelevant
    irritating joyless juvenile lackluster lame laughable lazy leaden lethargic lifeless limp listless loathsome long-winded lousy
    ludicrous maddening manipulative mean-spirited meandering mechanical mediocre melodramatic messy mindless
    miscast miserable misguided misleading monotonous moronic muddled murky mundane nasty nauseating noisy nonsensical obnoxious
    obvious odd offensive oppressive outdated overblown overcooked overlong overpriced overrated overwrought overdone padded painful
    pathetic pedestrian plodding pointless poor preachy predictable preposterous pretentious problematic ragged rancid
    recycled redundant repetitive repulsive ridiculous rotten rough routine rude ruined sad sappy schlocky scattershot
    self-indulgent senseless shallow shameful shameless shapeless shoddy shrill sick silly simplistic skimpy sleazy slight sloppy
    slow sluggish smug soggy sour soulless stale static sterile stiff stilted stingy strained stupid substandard superficial
    tacky tasteless tedious terrible thin threadbare tired tiresome torpid tortured toxic trashy trite trivial troubled
    ugly unappealing unbearable unbelievable unclear uncomfortable unconvincing underwhelming undercooked uneven uneventful unfocused unfortunate unfunny
    unhappy unhelpful unimaginative uninspired unintelligible uninteresting unlikable unnecessary unoriginal unpleasant unprofessional
    unreliable unremarkable unresponsive unsatisfying unusable unwatchable useless vague vapid vile vulgar wasted weak
    wearisome weird witless wooden worn worse worst worthless wretched wrong`),
};

const deeds = {
  positive: list(`adore amuse applaud astonish celebrate captivate charm cherish cheer dazzle delight deserve
    enchant engage enjoy enlighten enrich entertain excel excite fascinate flourish illuminate impress inspire intrigue laugh
    love moved please praise recommend respect resonate reward satisfy savor shine smile soar succeed surpass thrill
    touch treasure triumph thank admire adored enjoyed impressed recommended loved pleased laughed charms shines succeeds
    soars delivers triumph masterpiece gem treat joy pleasure delight wit charm warmth heart grace beauty depth insight
    intelligence imagination wonder winner success bargain favorite wow yay bravo kudos
    thanks humanity honesty energy magic brilliance elegance laughs heartbreaking`),
  negative:
    list(`annoy avoid bore bored bores botch complain condescend crash despise detest disappoint disappoints disgust
    drag drags endure fail failed fails falter fizzle flop flounders frustrate grate hate hated insult insults irritate lack
    lacking lacks languish leak loathe lose meander mislead offend overstay pander plod preach refund regret reject ruin
    sags scam sink squander stink stumble suck sucked sucks suffer suffers tire unravel waste wasted wastes wreck yawn
    bomb boredom bust cliche cliches contrivance disaster disappointment dreck drivel dud excuse failure fiasco flaw flaws
    garbage gimmick headache insult junk knockoff letdown mess misfire mishmash monotony nonsense nuisance pity problem
    rehash ripoff rip-off rubbish schlock shame slog snooze stereotypes tedium trash tripe trouble turkey ugh yuck
    vanity worst zero mistake nothing neither unfortunately instead barely merely supposedly pretends excuse`),
};

const opposite = { positive: 'negative', negative: 'positive' } as const;
const things = list(
  'film movie story plot cast acting performance script book song show place food service staff product phone',
);
const praising = ['{word}', 'a {word} {thing}', 'very {word}', 'the {thing} is {word}', '{word} and {other}'];
const denying = ['not {word}', 'isn’t {word}', 'the {thing} is not {word}', 'never {word}'];

const copies = 2;

/** Short sentences of the opinion words with their labels; a word denied has the other one. */
export const opinionSentences = (weight: number) => ({
  name: 'words of praise and blame, written for this project',
  examples: (random: () => number): readonly Example[] => {
    const draw = (items: readonly string[]) => items[Math.floor(random() * items.length)]!;
    const fill = (pattern: string, word: string, others: readonly string[]) =>
      pattern.replace('{word}', word).replace('{other}', draw(others)).replace('{thing}', draw(things));
    return (['positive', 'negative'] as const).flatMap((label) => {
      const words = qualities[label];
      return [
        ...deeds[label].map((word) => ({ text: word, labels: [label], weight })),
        ...words.flatMap((word) =>
          Array.from({ length: copies }, () => [
            { text: fill(draw(praising), word, words), labels: [label], weight },
            { text: fill(draw(denying), word, words), labels: [opposite[label]], weight: weight / 2 },
          ]).flat(),
        ),
      ];
    });
  },
});
