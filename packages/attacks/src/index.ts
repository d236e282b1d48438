/**
 * Attacks on AI systems as data and pure functions: grammars of what attackers say in 28 languages beside everyday
 * talk that uses the same words, documents to hide it in, and encoders that disguise it. For training, testing and
 * teaching; nothing here sends anything anywhere.
 *
 * Call first: `expand(grammarOf('fr'), '{attack}', new Random(1))`.
 * Do not trust it with: completeness. It says what is known to be said, in our own words.
 */
export { DOCUMENT_KINDS, type DocumentKind, type HidingDocument, hideInDocument } from './documents.ts';
export { ENCODERS } from './encoders.ts';
export { expand, type Grammar } from './grammar.ts';
export { grammarOf, LANGUAGES, phrasesOf } from './languages/index.ts';
export { type Phrases, toGrammar } from './languages/phrases.ts';
export { Random } from './random.ts';
