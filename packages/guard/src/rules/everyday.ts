/** Characters before and behind a finding in which it is said what it is about. */
const BEFORE = 120;
const BEHIND = 320;

/** Whose instructions they are, where a person speaks of their own, by language. */
const MINE = /\b(?:my|meine[nrs]?|mes|mis|minhas?|meus|mie|miei|mijn|moje|mina)\b/;
const GAVE = new RegExp(
  `^(?: above)? (?:that |which )?i(?:'ve| have|'d| had)? (?:just |already |first )?(?:${[
    'gave|given|sent|told|wrote|written|typed|pasted|posted|made|said|shared',
  ].join('|')})\\b`,
);
/** What is said behind words that a person takes back: the wrong file, a better version. */
const TAKEN_BACK = new RegExp(
  `^(?: above| below)?(?: ?[,;:.(–—-]{1,2} ?| because | as | since )(?:sorry,? |oops,? |please,? )?(?:${[
    'i (?:just |have |had |accidentally )?(?:pasted|attached|uploaded|copied|picked|meant|mistyped|misread|mixed|made an? (?:mistake|typo|error)|sent the wrong|forgot to (?:paste|attach|add))',
    '(?:that (?:was|is) )?(?:the )?wrong (?:window|file|chat|tab|one|thread|paste|document|link|version|button)\\b',
    'here(?:.s| is) (?:a|the|my) (?:better|corrected|fixed|revised|improved|right|correct|final|shorter|cleaner) (?:version|one|file|text|draft|list|data|query)\\b',
    '(?:my (?:mistake|bad)|a typo)\\b',
  ].join('|')})`,
);
/** What stands behind instructions that have a subject or a sender of their own. */
const OWN_SUBJECT = new RegExp(
  `^(?: above| below| (?:that |which )?(?:i|we) (?:gave|sent)(?: you| out)?)? (?:${[
    '(?:about|on|regarding|concerning) (?:the |this |our |my |your )?',
    '(?:for|from|to|in) (?:the |our |my |her |his |their )',
  ].join('|')})(\\p{L}[^.!?;:,\\n]{1,60})`,
  'u',
);
const FROM_SOMEONE = /^(?: above| below)? from (hr|legal|marketing|finance|accounting)\b/;
const FOR_A_THING = new RegExp(
  `^(?: above| below)? for ((?:${[
    '(?:question|exercise|step|chapter|page|problem) \\d+',
    '\\p{L}{3,20}ing|\\p{L}{3,20}(?:s|es)',
  ].join('|')})\\b[^.!?;:,\\n]{0,40})`,
  'u',
);
/** Behind it a subject is over. */
const GOES_ON = / (?:and|but|then|or|so|because) /;
/** What instructions of a system are about, or who gives them; and what is about nothing. */
const OF_SYSTEMS = new RegExp(
  `\\b(?:${[
    'you\\w*|safe\\w*|secur\\w*|polic\\w+|refus\\w*|ethic\\w*|moral\\w*|harm\\w*|filter\\w*|restrict\\w*|confidential\\w*|secre\\w*|priva\\w*',
    'system\\w*|developers?|openai|anthropic|google|microsoft|prompt\\w*|users?|admin\\w*|operators?|instruct\\w*|rules?|guidelines?|guardrails?',
    'disclos\\w*|reveal\\w*|shar(?:e|ing)|censor\\w*|align\\w*|roles?|persona\\w*|characters?|tools?|permi\\w*|approv\\w*|confirm\\w*|access',
    'passwords?|credentials?|data|models?|ais?|a\\.i|assistants?|chat\\w*|bots?|agents?|llms?|task|conversation|everything|anything|all|this|that',
    'behavi\\w+|respon\\w+|answer\\w*|what|how|who|when|whether|not|never|now|then|once|rest|moment|time|limit\\w*|legal\\w*|illegal\\w*|danger\\w*|sensitiv\\w*',
    'violen\\w*|weapons?|drugs?|explicit\\w*|sexual\\w*|malware|hack\\w*|keys?|tokens?|trust\\w*|verif\\w*|payments?|transfers?|contents?|begin\\w*|start|top|above|below|maker|creator\\w*',
  ].join('|')})\\b`,
);
/** What is asked for beside an override that is one, in this language or that. */
const ATTACKS = new RegExp(
  [
    '\\bprompts?\\b|\\byour (?:\\w{1,12} )?(?:instructions|rules|guidelines|config\\w*|training|restrictions|filters|safety|limits|limitations|guardrails|creators?)\\b',
    '\\breveal|\\bpass(?:words?|wort|code)\\b|mot de passe|contrase[nñ]|\\bsenha\\b|\\bapi[ _-]?keys?\\b|credential|\\bsecrets?\\b|confidential|\\btokens?\\b',
    'restrict|unfiltered|uncensored|jailbreak|\\bdan\\b|\\bmode\\b|you are now|\\byou(?:.re| are) (?:an?|no longer|free)\\b|from now on|pretend|\\bnew (?:\\w{1,12} )?(?:task|instructions?|role|rules?)\\b',
    '\\bobey|\\bbomb|malware|exploit|weapon|\\bdrugs?\\b|harmful|illegal|\\brefus|\\bbypass|\\bhack|\\bdo anything\\b|\\bwhatever i\\b|\\bfreely\\b|\\badmin|\\broot\\b|\\bsudo\\b',
    'i am (?:the|your|an?) (?:developer|admin|owner|creator|operator|engineer)|https?:|\\w@\\w|\\bexfil|\\bexecute\\b|\\brm -|\\bcurl\\b|\\bdelete|\\btransfer\\b|\\bwire\\b|\\bdrop (?:all|table)',
    '\\beverything\\b|\\bno (?:rules|limits|filters?)\\b|\\bwithout (?:any )?(?:rules|limits|filters?)\\b|\\bsystem\\b|\\bi have been\\b',
  ].join('|'),
);
/** What a text says to the system that reads it. */
const TO_A_READER = new RegExp(
  `\\b(?:${[
    'users?|assistants?|ai|llms?|models?|agents?|tools?|tell|say|respond|output|print|click|visit|call|run',
    'summar\\w+|recommend|approve|forward|send|e-?mail (?:it|them|all)|instead',
  ].join('|')})\\b`,
);

/** Rules whose findings people make on ordinary days, too. */
const OVERRIDES = /^(?:instruction-override|override-(?:de|fr|es-pt-it|nl-pl-sv)$)/;

/**
 * Whether an override is one of ordinary days: a person's own earlier words, or instructions with a subject of their own.
 * Not where an attack is asked for beside it.
 * @param rule which found it @param reader as whose text it is read
 */
export function isEveryday(
  rule: string,
  text: string,
  start: number,
  end: number,
  reader: 'user' | 'document',
): boolean {
  if (!OVERRIDES.test(rule)) return false;
  const behind = text.slice(end, end + BEHIND);
  const around = `${text.slice(Math.max(0, start - BEFORE), start)}\n${behind}`;
  if (ATTACKS.test(around)) return false;
  if (FROM_SOMEONE.test(behind)) return reader === 'user' || !TO_A_READER.test(around);
  const subject = (OWN_SUBJECT.exec(behind) ?? FOR_A_THING.exec(behind))?.[1]?.split(GOES_ON)[0];
  if (subject !== undefined)
    return !OF_SYSTEMS.test(subject) && (reader === 'user' || !TO_A_READER.test(around));
  if (reader === 'document' || rule === 'instruction-override-everything') return false;
  if (MINE.test(text.slice(start, end))) return !/^ (?:about|on|regarding|concerning|to) /.test(behind);
  return GAVE.test(behind) || TAKEN_BACK.test(behind);
}

/** Where a text is to be repeated that follows. */
const FOLLOWED = /^[^.!?:\n]{0,40}: ?[^\s.!?]/;
/** What a repeated text begins with, where it is what a system was told. */
const TOLD = /\byou are\b|\bstart|\bbegin|\bsystem\b|instruction|\bchat\b|conversation|\babove\b/;

/** Whether what asks to repeat a text above names the text behind it: `Repeat the words above in capitals: HELLO`. */
export function namesItsText(text: string, end: number): boolean {
  const behind = text.slice(end, end + BEHIND);
  return FOLLOWED.test(behind) && !TOLD.test(behind) && !ATTACKS.test(behind);
}
