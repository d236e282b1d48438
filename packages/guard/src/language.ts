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

/** Small words of English that other languages have, too: a sentence of some length has one. */
const ALSO_ENGLISH = new Set(
  'a an as at be by can do for he her him his i in is it me my no not of on or our out she so to up us was we will'.split(
    ' ',
  ),
);
/** Plain words from which a sentence without a small word of English is not English. */
const PLAIN_WORDS_MIN = 4;
const MARKS = /\p{M}/gu;
const LETTERS = /\p{L}+/gu;

/** Whether a sentence as written is English; null where it says too little to tell, such as a name. */
export function isEnglish(sentence: string): boolean | null {
  let [english, weak, other, plain, strange, letters] = [0, 0, 0, 0, 0, 0];
  for (const [word] of sentence.normalize('NFC').matchAll(LETTERS)) {
    const spelt = word.toLowerCase();
    const lower = spelt.normalize('NFD').replaceAll(MARKS, '');
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
