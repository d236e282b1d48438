import { type Chapter, met, notMet } from './answer.ts';

/** V5: file handling. */
export const FILES: Chapter = {
  id: 'V5',
  title: 'File handling',
  requirements: [
    [
      '5.1.1',
      2,
      'kinds and sizes of files are documented',
      met(
        'what is read, up to where, and what becomes of harm',
        'docs/SCAN.md',
        '## Formats',
        'docs/SCAN.md',
        'A run as a whole has a ceiling',
        'docs/REGISTRY.md',
        'Only users of this machine can name files',
      ),
    ],
    [
      '5.2.1',
      1,
      'files have a size that can be handled',
      met(
        'bodies by operation; scans by time, bytes and number',
        'server/hostile',
        'each operation has its own size limit',
        'scan/run-ceiling',
        'ends in time, whatever one file takes',
      ),
    ],
    [
      '5.2.2',
      1,
      'content is what the name says',
      met(
        'told by content, whatever the name; what nothing is known of is not clean',
        'scan/corpus',
        'is told by its content, whatever a file is called',
        'scan/unrecognised',
        'by itself and packed',
        'server/attachments',
        'are told by their first bytes, wherever they stand',
      ),
    ],
    [
      '5.2.3',
      2,
      'archives are bounded in size and number',
      met(
        'in bytes, members and memory',
        'scan/fuzz',
        'of every kind end in a verdict, within their budget',
        'scan/members',
        'streams of LZMA that hold nothing end with the time that a file has',
        'server/bodies',
        'what is decompressed counts, and many at a time are taken in turn',
      ),
    ],
    [
      '5.3.1',
      1,
      'files of others are not run when they are asked for',
      met(
        'there is no public folder: the console is read once, and files are sealed',
        'server/console-files',
        'are no others, and no lists of them: neither of version control, nor beside, nor above',
        'tools/tidy.test.ts',
        'banned calls are absent',
      ),
    ],
    [
      '5.3.2',
      1,
      'paths are made of our own names',
      met(
        'or of names that lead nowhere else',
        'registry/unpack',
        'has no names that lead out of its folder',
        'server/backup-forgery',
        'with other entries, another order, an odd name or an id that is a path is refused',
        'server/references',
        'files that were learned come from their folder alone',
      ),
    ],
    [
      '5.4.1',
      2,
      'file names of others are not relied on, and said in the header',
      met(
        'files are asked for by number',
        'server/files',
        'of data sets are handed out as models are: where every gate is open, on every route',
      ),
    ],
    [
      '5.4.2',
      2,
      'file names are encoded',
      met(
        'as RFC 8187 has it',
        'server/files',
        'of data sets are handed out as models are: where every gate is open, on every route',
      ),
    ],
    [
      '5.4.3',
      2,
      'files of others are scanned for what is known to harm',
      notMet(
        'models are scanned, each time again, by our scanner, and held back; other files of data sets by no antivirus',
        'server/inventory',
        'holds back what harms, and tells as a finding who asked for what was not approved',
      ),
    ],
  ],
};
