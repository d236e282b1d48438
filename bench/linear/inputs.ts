/** As many things as are asked for, made by their numbers from 0. */
export const many = <T>(n: number, one: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => one(i));

/** Plain words, for texts in which a pass finds nothing. */
export const WORDS = 'the river bank lies quietly beside an old mill and its wheel ';
