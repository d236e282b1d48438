import { row, type Technique } from './technique.ts';

/** What can be found of names and folders, whatever is in them. */
export const TREE_TECHNIQUES = {
  unreadable: row(
    'file',
    'incomplete',
    'medium',
    'a file that cannot be read',
    ['CWE-1284'],
    'see that it is there and may be read, then scan it again',
  ),
  'dangling-link': row(
    'file',
    'incomplete',
    'low',
    'a link to nothing: what may be there elsewhere is not known',
    ['CWE-59'],
    'scan it where what it leads to is, or take the link away',
  ),
  'outside-link': row(
    'file',
    'incomplete',
    'medium',
    'a link that leads out of what is scanned',
    ['CWE-59'],
    'scan where it leads too, or say `--follow-links`',
  ),
  'link-cycle': row(
    'file',
    'review',
    'low',
    'a link back to a folder that it lies in',
    ['CWE-59'],
    'take the link away, unless something needs it',
  ),
  'not-a-file': row(
    'file',
    'incomplete',
    'medium',
    'a pipe, socket or device among files',
    ['CWE-59'],
    'take it away: no model is read from it',
  ),
  'name-twins': row(
    'file',
    'review',
    'low',
    'a name that some machines do not tell from the one beside it',
    ['CWE-178', 'AML.T0074'],
    'rename one of them',
  ),
  'run-limit': row(
    'file',
    'incomplete',
    'medium',
    'not read: the whole run had come to one of its limits',
    ['CWE-400'],
    'scan it by itself, or let a run take more: `--max-seconds`, `--max-bytes`, `--max-files`',
  ),
  'skipped-folder': row(
    'file',
    'incomplete',
    'medium',
    'a folder that is passed over holds a model or a list of packages',
    ['CWE-1059', 'AML.T0010'],
    'name the folder to have it scanned, or leave it out with `--exclude NAME`',
  ),
} as const satisfies Readonly<Record<string, Technique>>;
