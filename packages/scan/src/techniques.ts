import { DEPENDENCY_TECHNIQUES } from './dependency-techniques.ts';
import { DISCOVERY_TECHNIQUES } from './discovery-techniques.ts';
import { FILE_TECHNIQUES } from './file-techniques.ts';
import { GRAPH_TECHNIQUES } from './graph-techniques.ts';
import { PICKLE_TECHNIQUES } from './pickle-techniques.ts';
import { PROGRAM_TECHNIQUES } from './program-techniques.ts';
import { TREE_TECHNIQUES } from './tree-techniques.ts';

export { type FileVerdict, type Technique, VERDICTS, worstVerdict } from './technique.ts';

/** Everything the scanner can find. */
export const TECHNIQUES = {
  ...PICKLE_TECHNIQUES,
  ...FILE_TECHNIQUES,
  ...GRAPH_TECHNIQUES,
  ...PROGRAM_TECHNIQUES,
  ...DEPENDENCY_TECHNIQUES,
  ...DISCOVERY_TECHNIQUES,
  ...TREE_TECHNIQUES,
} as const;
/** A name of {@link TECHNIQUES}. */
export type TechniqueName = keyof typeof TECHNIQUES;
