import { DEPENDENCY_TECHNIQUES } from './dependency-techniques.ts';
import { FILE_TECHNIQUES } from './file-techniques.ts';
import { PICKLE_TECHNIQUES } from './pickle-techniques.ts';

export { type FileVerdict, type Technique, VERDICTS } from './technique.ts';

/** Everything the scanner can find. */
export const TECHNIQUES = { ...PICKLE_TECHNIQUES, ...FILE_TECHNIQUES, ...DEPENDENCY_TECHNIQUES } as const;
/** A name of {@link TECHNIQUES}. */
export type TechniqueName = keyof typeof TECHNIQUES;
