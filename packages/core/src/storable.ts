/**
 * Whether a database keeps a text as it is: PostgreSQL knows no U+0000, and half a character (a lone surrogate) becomes
 * another one in UTF-8, so that two texts become one.
 */
export const isStorable = (text: string): boolean => !text.includes('\u0000') && text.isWellFormed();
