/** What may stand between two words of one sentence. */
export const GAP = '[^.!?\\n]{0,40}';
/** What says that instructions are those from before. */
export const OLD =
  '(?:previous|prev|prior|past(?! orders)|above|below|earlier|preceding|foregoing|initial|original|existing|system|your|all|any|these|those|the)';
/** What a system is told by. */
export const ORDERS =
  '(?:(?:instruction|prompt|rule|guideline|direction|directive|command|constraint|restriction|polic(?:y|ie))s?|orders|programming|training|(?:system|developer|initial|original) (?:messages?|context))';
/** What programs ignore and override: a rule or command of theirs, and rules about what they ignore. */
export const NO_ORDER =
  '(?!\\s(?:the )?(?:rule|guideline|directive|command|constraint|restriction|policy)\\b|(?<=\\b(?:same|the|these) ignore) rules?\\b)';
/** Who says that nothing is to be ignored, or cannot be, gives no order to ignore it: stands right before the verb. */
export const NEGATED =
  "\\b(?:never|can(?:not|'?t)|won'?t|(?:will|would|do|does|did|must|should|could|may) not|(?:do|does|did|must|should|could|would)n'?t) (?:ever )?";
/** Where orders are that a defender means: within what a system is to read, and not to obey. */
export const IN_DATA =
  '(?!\\s(?:(?:that\\s)?(?:is|are|may be|might be|you find|you see|appears?)\\s)?(?:(?:contained|found|embedded|written|present|included|hidden|placed)\\s)?(?:in(?:side)?|within|from)\\s(?:(?:the|this|that|these|any|its?|an?|users?|following|provided|pasted|quoted)\\s){0,3}(?:text|document|content|e-?mail|page|passage|quotation|tag|file|attachment|website|web ?page|transcript|review|article|pdf|readme|comment|ticket|delimiter|snippet)s?\\b)';
/** What people correct themselves about: a message of theirs, an order in a shop. */
export const LOOSE = '(?:message|context|order|conversation|chat|text|input|question|e-?mail)s?';

/** Words that ask for a text. */
export const ASKS =
  "\\b(?:reveal|show|print|output|display|repeat|recite|leak|expose|dump|disclose|share|tell|give|write out|copy|spell|quote|return|list|provide|type|send|state|what (?:is|are|was|were)|what's)\\b(?:\\s(?:me|us|out|back|verbatim|exactly|again))?";
/** A subject of its own makes instructions those of something else. */
const ABOUT = '(?!s?\\s(?:for|on|of|in|from|about|regarding)\\s(?!you|this (?:chat|conversation)))';
/** A prompt that is to be made for something, or whose form is asked for, is none that a system has. */
const TO_BE_MADE =
  "(?!s? (?:templates?|formats?|examples?|syntax|structure|schema|fields?) (?:for|in|of|from) (?!you|yours?|this|the (?:current|above)))(?!s? (?:that |which )?(?:(?:you(?:'d| would| could| might)(?: use| write| suggest| give| recommend| choose| propose| draft)|(?:i|we) (?:should|could|can|might)(?: use| give| write| set)) (?:for|to|in|when) (?!me\\b|this|these|you|the current|our\\b)))";
const KEPT =
  'initial|original|hidden|secret|internal|starting|first|full|entire|complete|exact|confidential|underlying|base|core|pre';
/** Instructions that are said to be the system's own. */
export const OWN = `your\\s(?:\\w{1,12}\\s){0,2}(?:(?:system|developer)[\\s-]?(?:\\w{1,12}\\s)?(?:prompt|instructions?|message|rules|guidelines|directives?|configuration)|(?:${KEPT})[\\s-]?(?:\\w{1,12}\\s)?(?:prompt|instructions?|rules|guidelines|directives?|configuration)${ABOUT}|secret (?:code|key|word|phrase|value|marker))`;
/** What only an AI system has. */
export const SYSTEM = `(?:the|this|that|all|any)\\s(?:\\w{1,12}\\s){0,2}(?:(?:system|developer|hidden|pre)[\\s-]?(?:prompt|instructions|directives)(?!s? for (?:an?|my|our)\\s)${TO_BE_MADE}|(?:system|developer) message${ABOUT}${TO_BE_MADE}|(?:${KEPT}) (?:\\w{1,12}\\s)?prompt${ABOUT}|(?:hidden|secret|confidential|internal) instructions${ABOUT}|secret (?:code|key|word|phrase|value|marker)\\b(?!\\s(?:in|for|of|to|from|used|setting|parameter)))`;
/** Where someone is told to keep instructions to themselves, in so many words: asks for none. */
export const KEPT_BACK = `(?!(?<=${NEGATED})\\w{1,12}\\s(?:out\\s)?(?:${OWN}|${SYSTEM}))`;
/** Instructions that are said to have been given. */
export const TOLD =
  '(?:the|this|all|any)\\s(?:\\w{1,12}\\s){0,2}instructions (?:verbatim|(?:that )?you (?:were|are|have been|had been|got) (?:given|told))';
/** Orders that are said to take the place of those before. */
export const NEW_ORDERS =
  '(?:here (?:are|is) (?:your|the) |your |the |these are your |now follow (?:these |the )?)?(?:new|updated|real|actual|true|revised) (?:instructions?|tasks?|rules?|prompt|system prompt)\\b\\s{0,3}(?:[:=]|are\\b|is\\b|follow)';
/** What asks for all that stands above. */
export const REPEATS =
  '\\b(?:repeat|output|print|copy|write|recite|echo|translate|summari[sz]e|encode|convert|format)\\b[^.!?\\n]{0,30}\\b(?:everything|all (?:the )?(?:text|words|content)|the (?:text|words|content|lines?|instructions)|what(?:ever)?(?: is| was)?(?: written)?)\\s(?:\\w{1,10}\\s){0,2}(?:above|before|prior to|preceding)';

/** What is asked of an answer that came before, in another language: a whole message, with nothing else in it. */
export const SAID_AGAIN =
  '^(?:please )?(?:repeat|write|translate|summari[sz]e) (?:all (?:of )?)?the above (?:in(?:to)?|to) (?!(?:full|code|hex|reverse|detail|order|plain|markdown|json|binary|morse)\\b)[a-z]{4,16}(?:,? (?:please|thanks))?[.!?]?\\s{0,3}$';

/** A state without rules, as it is called. */
export const MODE = '(?:developer|god|jailbreak|unrestricted)';
/** Behind a mode, what has it: a telephone, a game. */
export const OF_A_THING =
  '(?!\\s(?:on|in|for|of|from|via|under|using|with)\\s(?!(?:you|yourself|me|us|this (?:chat|conversation))\\b))';

/** All that came before, in so many words; what is only earlier must stand for itself, and not for rows, warnings or changes. */
export const EVERYTHING = [
  "(?:was\\s|is\\s)?(?:above|before|so far|until now|instructed|said|written|stated)|you(?:'ve| have)? (?:were|been|(?:know|learned|learnt)(?!\\sabout\\s(?!(?:\\w{1,12} ){0,2}(?:rules?|safety|instructions?|guidelines?|restrictions?|polic(?:y|ies)|prompts?|ethics|limits|your|yourself|training|being|us|me|this (?:chat|conversation)|what you)\\b)))",
  '(?:(?:was|is)\\s)?(?:prior|previous|earlier)(?=\\s{0,3}(?:$|[^\\w\\s]|\\n|(?:and|but|then|or|to (?:this|that))\\b))|(?:previous|prior|past|earlier) (?:orders|\\w{1,12} (?:instructions|prompts?))',
].join('|');
