/** Longest name of a person, in characters: longer than any name that providers have people sign in with. */
export const PERSON_NAME_MAX = 128;
/** What such a name may have besides letters without accents and digits. */
export const PERSON_NAME_MARKS = "._@+'!#^~-";
