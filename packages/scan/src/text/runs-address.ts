import { isNamed, isOnlyLocal, isStray } from './addresses.ts';

/** What fetches a package or script and runs it. */
const RUNNER =
  /(?:^|[\s;&|!({"'`/\\])(?:npx|bunx|pnpx|uvx|pipx\s{1,4}run|(?:npm|pnpm|yarn)\s{1,4}(?:exec|dlx|x)|uv\s{1,4}(?:run|tool\s{1,4}run)|(?:deno|bun)\s{1,4}(?:run|x))(?:\.cmd|\.exe)?\s/g;
/** Options by whose values the package or its registry is named. */
const SOURCE =
  /^--?(?:from|with|package|p|registry|i|script|find-links|(?:default-|extra-)?index(?:-url)?)(?:=(.{1,2048}))?$/s;
/** Options of these that another value follows. */
const WITH_VALUE = /^(?:--(?:python|directory|project|env-file|config|allow-\w+|prefix)|-c)$/;
const ADDRESS = /^(?:git\+|hg\+|svn\+)?((?:https?|ftp|git):\/\/.{1,2048})$/is;
const WORDS_MAX = 64;

const isOdd = (word: string): boolean => {
  const address = ADDRESS.exec(word)?.[1];
  return address !== undefined && !isNamed(address) && !isOnlyLocal(address);
};

/** Whether a line has a runner of packages take what it runs from an address without a host that has a name and shows who it is. */
export function runsFromAddress(line: string): boolean {
  for (const match of line.matchAll(RUNNER)) {
    const words = line.slice(match.index + match[0].length).split(/[\s"'`,;|&)]+/, WORDS_MAX);
    for (let at = 0; at < words.length; at++) {
      const word = words[at]!;
      const source = SOURCE.exec(word);
      if (source && isOdd(source[1] ?? words[at + 1] ?? '')) return true;
      if (source ? source[1] === undefined : WITH_VALUE.test(word)) at++;
      else if (word !== '' && !word.startsWith('-')) {
        if (isOdd(word)) return true;
        break;
      }
    }
  }
  return false;
}

/** What installs packages, whose programs run with it. */
const INSTALLER =
  /(?:^|[\s;&|!({"'`/\\])(?:pip[\d.]{0,4}\s{1,4}(?:-\S{1,64}\s{1,4}){0,4}install|pip[\d.]{0,4}\s{1,4}(?=--(?:extra-)?index-url)|(?:npm|pnpm|yarn|bun)\s{1,4}(?:i|install|add))(?=\s)/g;

/** Whether a line installs a package from an address of no named host over TLS: `installer` where the host has a name. */
export function installsFromAddress(line: string): 'fetched' | 'installer' | null {
  let found: 'installer' | null = null;
  for (const match of line.matchAll(INSTALLER)) {
    const words = line
      .slice(match.index + match[0].length)
      .split(/[;|&\n]/, 1)[0]!
      .split(/[\s"'`,)=]+/, WORDS_MAX);
    for (const word of words.filter(isOdd)) {
      if (isStray(ADDRESS.exec(word)![1]!)) return 'fetched';
      found = 'installer';
    }
  }
  return found;
}
