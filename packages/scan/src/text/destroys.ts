/** What `rm` is given, options and names. */
const REMOVES = /(?:^|[\s;&|(`"'])rm\s([^;&|\n]{1,320})/g;
const RECURSIVE = /^(?:-\w{0,8}[rR]\w{0,8}|--recursive)$/;
/** All of a machine or of a person's folder: not a folder within it. */
const EVERYTHING = /^(?:~|\/|\$\{?HOME\}?|\/home|\/root|\/etc|\/usr)\/?\*?$/;
const QUOTES = /["'`)]/g;
/** The same of disks and of Windows. */
const OTHERS: readonly RegExp[] = [
  /\bdd\s[^;&|\n]{0,128}\bof=\/dev\/(?:sd|nvme|vd|hd|mmcblk|disk)\w/,
  /\bmkfs(?:\.\w{1,8})?\s[^;&|\n]{0,64}\/dev\/(?:sd|nvme|vd|hd)\w/,
  /\b(?:rd|rmdir|del)\s[^;&|\n]{0,64}\/s\b[^;&|\n]{0,64}(?:[a-z]:\\(?:\*|\s|$)|%userprofile%)/i,
  /\bformat\s{1,4}[a-z]:\s/i,
];

/** Whether a command removes all that a person, or a machine, has. */
export function destroys(line: string): boolean {
  for (const [, given] of line.matchAll(REMOVES)) {
    const words = given!.replaceAll(QUOTES, '').split(/\s/);
    if (words.some((word) => RECURSIVE.test(word)) && words.some((word) => EVERYTHING.test(word)))
      return true;
  }
  return OTHERS.some((one) => one.test(line));
}
