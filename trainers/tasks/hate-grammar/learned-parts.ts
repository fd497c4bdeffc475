// The words that learned sentences about hate are made of. Much of it is rude, and some of it is the language of hate: a
// model has to have seen such words to tell hate from what only looks like it.

const list = (words: string): readonly string[] =>
  words
    .split(/[|\n]/u)
    .map((word) => word.trim())
    .filter((word) => word !== '');

export const parts: Readonly<Record<string, readonly string[]>> = {
  groups:
    list(`women|girls|females|gays|gay people|gay men|homosexuals|lesbians|bisexuals|trans people|transgender people
    queer people|Muslims|Islam|Jews|the Jews|Jewish people|Christians|Catholics|Hindus|Buddhists|black people|blacks
    Blacks|white people|whites|Asians|Asian people|Latinos|Africans|African Americans|Arabs|Mexicans|the Chinese
    Chinese people|Indians|immigrants|illegal immigrants|migrants|asylum seekers|refugees|foreigners|disabled people
    the disabled|blind people|autistic people|autistic kids|Roma people|the Turks|Romanians|Nigerians|old women`),
  one: list(`woman|girl|female|gay|gay person|homosexual|lesbian|trans woman|trans man|transgender person|queer person
    Muslim|Jew|Jewish man|Christian|Catholic|Hindu|black man|black woman|black person|black kid|white man|white person
    Asian|Asian woman|Latino|African|Arab|Mexican|Chinese man|Indian|immigrant|migrant|refugee|foreigner|disabled man
    wheelchair user|blind person|autistic person|Turk|Romanian|Nigerian`),
  others:
    list(`politicians|lawyers|bankers|cops|bosses|managers|celebrities|influencers|gamers|vegans|cyclists|tourists
    neighbours|hipsters|liars|thieves|scammers|trolls|spammers|drunk drivers|bullies|racists|nazis|fascists|sexists
    capitalists|communists|conservatives|liberals|Republicans|Democrats|journalists|teachers|students|referees
    football fans|millionaires|salesmen|recruiters|lobbyists|bureaucrats|burglars|abusers|rapists|murderers|pirates
    hackers|critics|bloggers|traffic wardens|estate agents|meat eaters|smokers`),
  things:
    list(`mosquitoes|wasps|spiders|rats|printers|these shoes|those adverts|pop-ups|weeds|potholes|meetings|taxes
    exams|these chairs|cockroaches|onions|bugs|viruses|power cuts|long queues|cheap phones|robocalls|ticks|leaf blowers`),
  thing:
    list(`phone|printer|laptop|game|film|song|car|bus|chair|kitchen|meal|pizza|app|update|website|weather|job|book
    show|alarm clock|washing machine|router|coffee|hotel|traffic`),
  person:
    list(`you|you|you|he|she|my ex|my boss|my brother|this guy|that guy|Karen|Steve|the president|that driver
    my roommate|the coach|our landlord`),
  nouns:
    list(`scum|vermin|parasites|animals|pigs|dogs|rats|monkeys|apes|criminals|thieves|rapists|terrorists|idiots
    morons|liars|trash|garbage|savages|cockroaches|leeches|a disease|a plague|a cancer|a virus|the enemy|degenerates
    perverts|freaks|subhumans|filth|dirt|invaders|mistakes of nature|traitors|cowards|losers|monsters|a waste of space`),
  noun: list(`parasite|animal|pig|dog|rat|monkey|criminal|thief|rapist|terrorist|idiot|moron|liar|piece of trash
    piece of shit|savage|cockroach|leech|disease|degenerate|pervert|freak|traitor|coward|loser|monster|waste of space`),
  bad: list(`stupid|dumb|disgusting|filthy|dirty|ugly|worthless|useless|evil|sick|vile|inferior|dangerous|lazy|violent
    greedy|repulsive|pathetic|weak|primitive|retarded|insane|a threat|beneath us|not human|less than human|crazy|gross
    unclean|immoral|bloodthirsty|hideous|sneaky|uncivilised`),
  good: list(`kind|smart|honest|clean|decent|brave|strong|funny|welcome|equal|beautiful|wonderful|capable|trustworthy
    hard-working|human|lovely|talented|great|amazing|friendly|generous|loyal|gentle|brilliant`),
  do: list(`steal everything|ruin everything|rape our women|breed like rabbits|destroy our country|take our jobs|smell
    lie all the time|hate us|control the media|live off our taxes|poison our children|bring crime|want to replace us
    spread disease|corrupt our kids|kill people|cheat|start every war|infest our cities`),
  doGood:
    list(`deserve respect|deserve equal rights|work hard|enrich our country|are people like us|need our help
    make great neighbours|deserve better|have a right to be here|are welcome here|love their children|make me smile`),
  hates: list(
    'hate|despise|detest|loathe|cannot stand|can’t stand|am sick of|am tired of|want to kill|spit on',
  ),
  likes: list(
    'love|admire|respect|support|like|miss|am proud of|am grateful to|believe in|care about|work with',
  ),
  done: list(`killed|shot|hanged|burned|burned alive|beaten|raped|stoned|wiped out|eradicated|deported|sent back
    thrown out|locked up|banned|sterilised|kicked out|put down|slaughtered|removed|executed|lynched|punished|attacked`),
  act: list(`kill|shoot|hang|burn|beat|stab|bomb|deport|ban|throw out|lock up|exterminate|get rid of|wipe out|destroy
    lynch|crush|fight|remove|punch|purge`),
  right:
    list(`vote|work here|have children|drive|marry|adopt children|enter the country|own property|speak|study
    use our hospitals|go to school with us|live here|hold office`),
  place: list(
    'here|in this country|in Europe|in America|in our town|in our schools|near children|on this earth|in films',
  ),
  slurs:
    list(`niggers|faggots|fags|kikes|spics|trannies|chinks|pakis|wetbacks|ragheads|sand niggers|gooks|dykes|coons
    retards|cunts like her|towelheads|negroes|muzzies|whores like these`),
  slur: list(`nigger|faggot|fag|kike|spic|tranny|chink|paki|wetback|raghead|gook|dyke|coon|retard|towelhead|muzzie|slut
    whore|bitch`),
  swear: list('fucking|damn|goddamn|bloody|stinking|filthy|freaking|shitty|stupid'),
  start:
    list(`Honestly,|I think|Everyone knows that|Face it:|I swear|Let’s be honest,|Sorry but|The truth is,|And|So
    As my dad says,|Wake up,|lol|I mean,|Fact:`),
  deny: list(`it is not true that|nobody should say that|I don’t think|I do not believe that|it is wrong to say that
    who could believe that|I never said|no one thinks|stop saying that|it’s a lie that|I disagree that
    it is racist to say that|it makes no sense to claim|you can’t say|don’t tell me|never teach your kids that`),
  object: list(`is a disgusting thing to say|is hate speech|is not an argument|is racist|should get you banned
    is what bigots say|makes me sad|is wrong|is why I left that forum|got him fired|is a lie|is hateful and stupid
    shows how ignorant you are|has no place here`),
  report:
    list(`he said that|the article claims|the suspect posted that|a politician tweeted that|some racist wrote that
    my uncle keeps saying|the court heard him say|I was shocked to read that|they told me|a stranger yelled that
    she was told that|the Nazis taught that|bigots claim|propaganda says`),
  fact: list(`in the news today|in a study|at the conference|on the council|in the orchestra|in my class|at the market
    in our team|at the bus stop|in this novel|in the museum|at work|in the village`),
  neutral:
    list(`moved in next door|wrote a book about history|voted yesterday|make up a third of the town|came to dinner
    played chess in the park|founded the company|are waiting for the bus|took part in the study|opened a shop
    were interviewed|speak three languages|celebrate the new year|live on my street|asked for a meeting`),
  oneNeutral: list(`moved in next door|wrote a book about history|came to dinner|fixed my car|won the race
    spoke at the meeting|is our new doctor|sat beside me on the train|cooked for us|asked me the way|runs the library`),
};
