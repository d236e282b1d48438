/** Small words of English that the languages below do not share. Source: grammars. */
const ENGLISH =
  'the and this that you your are with from have has not what which should would about when how please must if by they their it there been of then than does did was were to';

/** Small words of other languages without marks on their letters, as views have them, that English does not have. */
const OTHERS = [
  'el la de es lo al un su que los las una por para del como pero esta este sin cuando donde muy tambien usted sus ser cada desde hasta entre', // Spanish
  'le la de du et un les des une est dans pour pas qui sur avec vous nous votre aux cette sont par ou ne il elle leur plus sans', // French
  'de da do na um nao uma com dos das ao voce seu sua mais pelo pela ate quando muito sem foi ser os em', // Portuguese
  'il lo di un la gli che non per del della dei sono nel alla piu anche dalle questo come di il si una chi', // Italian
  'der das und im am es wir ihr ist nicht ein eine den von mit auf fur sich dem auch werden wird sie ich wenn oder bei einer zu', // German
  'het een van dat niet zijn voor met aan maar naar wordt deze ook ik nog als je uit bij om er op te en', // Dutch
  'och att det som ett av till om eller har jag inte kan ska pa den fran sig vid efter', // Swedish
  'og ikke er til av paa som det vi kan skal fra ved eller har jeg', // Danish, Norwegian
  'se na je pro jako ale nebo jsou pri od uz jen pouze ktery ktera ze po tak byl', // Czech, Slovak
  'nie sie jest przez oraz dla lub jak od po czy tylko ktory ktora ze przy bez moze', // Polish
  've bir bu icin ile olarak daha cok gibi veya degil her kadar sonra olan ise ya', // Turkish
  'yang dan dari untuk dengan tidak ini itu pada atau akan juga bisa oleh adalah saya anda kami', // Indonesian, Malay
  'nu este sunt pentru sau mai din cu care prin dupa ca cel intre', // Romanian
  'khong va cua cac cho duoc trong mot nguoi voi khi nay ban nhung phai', // Vietnamese
  'ja ei etta se oli ovat mutta kun myos han kuin', // Finnish
  'az es hogy nem egy van meg ez vagy csak kell', // Hungarian
  'su nije za od sa kao ili koji koja iz', // Croatian, Serbian
  'ang ng mga sa ay hindi ito para', // Tagalog
];

const KNOWN = new Map<string, 'english' | 'other'>();
for (const line of OTHERS) for (const word of line.split(' ')) KNOWN.set(word, 'other');
for (const word of ENGLISH.split(' ')) KNOWN.set(word, 'english');

/** Small words of English that other languages have, too: a sentence of some length has one. */
const ALSO_ENGLISH = new Set(
  'a an as at be by can do for he her him his i in is it me my no not of on or our out she so to up us was we will'.split(
    ' ',
  ),
);
const WORD = /[a-z\u00df-\uffff]+/g;
/** Letters of a script that may have no spaces, for each of which a word is counted. */
const LETTERS_OF_A_WORD = 4;
/** Small words from which a text may be of a language. */
const SMALL_MIN = 2;

/** Whether a word is written with other letters than Latin ones: Greek is the first script behind them. */
const isOtherScript = (word: string): boolean => word.charCodeAt(0) >= 0x370;

/**
 * Whether a text, normalised as a view is, reads as a language other than English. One that says too little to tell does not.
 * A text of both is English where there is half as much of it.
 */
export function isForeign(text: string): boolean {
  let english = 0;
  let other = 0;
  let letters = 0;
  for (const [word] of text.matchAll(WORD)) {
    if (isOtherScript(word)) letters += word.length;
    const known = KNOWN.get(word);
    if (known === 'english') english++;
    else if (known === 'other') other++;
  }
  // A word of a script without spaces may be a sentence.
  other += Math.floor(letters / LETTERS_OF_A_WORD);
  return other >= SMALL_MIN && english * 2 < other;
}

/** Words of English that most of its texts have some of, and that other languages do not write so. */
const COMMON_ENGLISH = new Set(
  (
    'previous all tell show write now any print reveal say rules guidelines disregard forget everything above hidden answer answers ' +
    'act pretend restrictions without words word repeat give letters only never new before following policy safety told given ' +
    'display send override disable enable game story run who why where them had more into one two over off turn some other also ' +
    'just make made take get got know think see come used using find want work well way because each those being under after back ' +
    'most many much such here too very could may might done like need help time year people day good best thing things world life ' +
    'hand part case both while through during against again same another own few since until away still ever yes put set end try ' +
    'call keep close leave explain describe yourself itself full old high long small large next early able change access true ' +
    'speak request requests asked asks asking unless instead anything nothing something everyone someone whatever however ' +
    'therefore whether once every always yet am its ours mine hers these whom whose shall cannot cant dont wont youre ill ive lets ' +
    'im user users key keys secretly private follow follows followed ignoring ignored bypass bypassing remember believe imagine ' +
    'suppose allowed forbidden required limits limited unlimited unrestricted unfiltered uncensored restricted restriction rule ' +
    'law laws ethical moral evil freely freedom truth lie lies lying really trust trusted owner boss employee employees company ' +
    'customer customers read reading written writing writes wrote spell spelled backwards reverse translate letter sentence ' +
    'sentences language english below last second third beginning middle whole entire exactly begin starts starting ends ending ' +
    'sends sent sending forward forwards upload download delete deletes remove removes attacker click open opens warning thanks ' +
    'thank hello dear sorry wants wanted wish hope love hate feel felt woman men women child children friend friends family house ' +
    'home money card number numbers phone address city country water food car build built running works working job business ' +
    'school student students teacher book books big little great bad better worse worst right wrong left hard easy quick fast slow ' +
    'low hot cold happy sad thinking thought knows knew known learn learned teach taught understand mean means meant seem seems ' +
    'look looks looking watch hear listen talk talking spoke says said speaks saying replies reply respond responds responding ' +
    'responses around between among within along across behind beyond near towards toward upon onto down needs needed unable ' +
    'behave behaves becoming become becomes became play plays playing often sometimes usually today tomorrow yesterday tonight ' +
    'week weeks month months years hour hours step steps ways kind kinds sets order orders ordered'
  ).split(' '),
);
/** Such words that other languages write, too. */
const SHARED = new Set(
  'attention important ignore inbox per via mail mails table tables group groups page pages lines line input output link real ' +
    'list lists free bank far even let start stop first simple note minute minutes man use sort file files name album chat text'.split(
      ' ',
    ),
);
const MARKS = /\p{M}/gu;
const LETTERS = /\p{L}+/gu;
/** A letter that English does not have. */
const MARKED_LETTER = /[\u00df-\u024f\u1e00-\u1eff]/;
/** Of the words of an English text, those that tell it, at least; what counts half tells other languages, too. */
const TELLING_SHARE = 0.2;
/** Words of English from which half as much of it makes a text of two languages English. */
const ENGLISH_MIN = 4;

const withoutMarks = (word: string): string => word.normalize('NFD').replaceAll(MARKS, '');
const tellsEnglish = (word: string): boolean => KNOWN.get(word) === 'english' || COMMON_ENGLISH.has(word);

/**
 * Whether a text is English, by what speaks for it: a list of a few words of any other language has no small words either.
 * @param text normalised as a view is
 * @param written the same as written: letters that English does not have speak against it, but where they disguise its words
 */
export function readsEnglish(text: string, written = text): boolean {
  let [words, english, foreign, letters] = [0, 0, 0, 0];
  for (const [word] of text.matchAll(WORD)) {
    words++;
    if (tellsEnglish(word)) english++;
    else if (KNOWN.has(word)) foreign += ALSO_ENGLISH.has(word) ? 0.5 : 1;
    else if (ALSO_ENGLISH.has(word) || SHARED.has(word)) english += 0.5;
    else if (isOtherScript(word)) letters += word.length;
  }
  for (const [word] of written.toLowerCase().normalize('NFC').matchAll(LETTERS)) {
    if (!MARKED_LETTER.test(word)) continue;
    const plain = withoutMarks(word);
    if (!tellsEnglish(plain) && !KNOWN.has(plain)) foreign++;
  }
  foreign += letters / LETTERS_OF_A_WORD;
  const enough = english >= ENGLISH_MIN ? 2 * english >= foreign : english > foreign;
  return english >= 1 && english >= TELLING_SHARE * words && enough;
}

/** Plain words from which a sentence without a small word of English is not English. */
const PLAIN_WORDS_MIN = 4;

/** Whether a sentence as written is English; null where it says too little to tell, such as a name. */
export function isEnglish(sentence: string): boolean | null {
  let [english, weak, other, plain, strange, letters] = [0, 0, 0, 0, 0, 0];
  for (const [word] of sentence.normalize('NFC').matchAll(LETTERS)) {
    const spelt = word.toLowerCase();
    const lower = withoutMarks(spelt);
    letters += word.length;
    if (isOtherScript(lower)) strange += word.length;
    const known = KNOWN.get(lower);
    if (known === 'english') english++;
    else if (known === 'other') other++;
    // `i` is a small word of Swedish and others; in English it is a capital.
    if (ALSO_ENGLISH.has(spelt) && word !== 'i') weak++;
    else if (known === undefined && word === spelt) plain++;
  }
  if (strange > 0) return strange * 4 < letters ? english > other || null : false;
  if (english > 0) return english * 2 >= other;
  if (other > 0) return weak > other;
  if (weak > 0) return true;
  return plain >= PLAIN_WORDS_MIN ? false : null;
}
