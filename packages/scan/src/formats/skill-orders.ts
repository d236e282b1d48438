import { isNamed } from '../text/addresses.ts';
import { namesSecretFile } from '../text/secret-sources.ts';

/** What an order of a text has done. */
export interface Order {
  readonly does: string;
  /** Whether honest texts say the like too. */
  readonly isUsual: boolean;
  readonly start: number;
}

/** Characters of what is said together. */
const REACH = 600;
const ADDRESS = /\bhttps?:\/\/[^\s"'`|;<>()\]]{1,1024}/gi;
const ANY_ADDRESS = /\bhttps?:\/\/|\b\d{1,3}(?:\.\d{1,3}){3}\b|\bwebhook\b/i;
/** Hosts below whose names anyone has a page in a minute, and those where anyone leaves a text. */
const RENTED =
  /^https:\/\/(?:[\w-]{1,63}\.){0,4}(?:vercel\.app|netlify\.app|pages\.dev|workers\.dev|web\.app|glitch\.me|replit\.(?:app|dev)|onrender\.com|glot\.io|rentry\.(?:co|org)|pastebin\.com|paste\.ee|hastebin\.com|dpaste\.\w{2,4}|telegra\.ph|gist\.github(?:usercontent)?\.com)(?:[/:?#]|$)/i;
const isOdd = (address: string): boolean => !isNamed(address) || RENTED.test(address);
const addressesIn = (text: string): string[] =>
  [...text.matchAll(ADDRESS)].map(([one]) => one.replace(/[.,:]$/, ''));

const NOT_TO =
  /\b(?:never|not|don['’]t|avoid|cannot|refuses?\s{1,4}to|instead\s{1,4}of)\s{1,4}(?:\w{1,16}\s{1,4}){0,3}$/i;
/** Whether what stands at a place is forbidden there. */
const isForbidden = (text: string, at: number): boolean => NOT_TO.test(text.slice(Math.max(0, at - 80), at));

const GIVES =
  /\b(?:send|sends|post|upload|submit|transmit|forward|exfiltrate|deliver|report|envoie[sz]?|envoyez|sende|schicke|env[ií]a)\b[\s-]{1,4}(?:(?:it|them|this|that|these|everything|le|la|les|sie|ihn|es|lo|los)\b|(?:the|its|their|all|any|that)\s{1,4}(?:\w{1,16}\s{1,4}){0,2}(?:contents?|files?|keys?|results?|values?|output|text|data|credentials|secrets)\b)/gi;
const PASSES =
  /\b(?:pass|include|put|provide|add|attach|supply|use)\b[^.\n]{0,64}\b(?:it|its|their|the)\b[^.\n]{0,48}\b(?:contents?|keys?|files?|it)\b[^.\n]{0,48}\b(?:as|in|into|to)\b[^.\n]{0,32}(?:parameters?|arguments?|fields?|['"`]\w{1,32}['"`]|sidenote|context)/gi;
const READS =
  /\b(?:read|reads|open|load|cat|fetch|get|collect|copy|take|find|lis|lire|lies|lee|grab|access)\b/i;

/** Secrets that are read and go elsewhere. */
function* secretsGiven(text: string): Generator<Order> {
  for (const [pattern, needsAddress] of [
    [GIVES, true],
    [PASSES, false],
  ] as const)
    for (const { 0: all, index } of text.matchAll(pattern)) {
      if (isForbidden(text, index)) continue;
      const before = text.slice(Math.max(0, index - REACH / 2), index);
      // A file of variables is read by every honest program, which signs in with what it has there.
      if (!READS.test(before) || !namesSecretFile(before.replaceAll(/\.env\b/g, ' '))) continue;
      const behind = text.slice(index, index + all.length + REACH / 4);
      if (needsAddress && !ANY_ADDRESS.test(behind)) continue;
      yield { does: 'read a file of secrets and give it away', isUsual: false, start: index };
    }
}

const PASSWORD = /\b(?:password|passphrase|passcode|pass|pwd|pw)\b/gi;
const ARCHIVE = /\.(?:zip|7z|rar|tar|tgz|gz|dmg|iso)\b|\barchive\b|\bextract|\bunzip|\bunpack|\bdecompress/i;
const RUNS_FILE =
  /\b(?:run|runs|execute|executes|launch|start|open|double-click|install)\b[^.\n]{0,48}(?:\b(?:executable|installer|binary|program|agent|app|setup|it|file)\b|\.(?:exe|msi|sh|bat|command|app|pkg)\b)/i;
const FETCHES = /\bdownload|\bfetch|\bcurl\b|\bwget\b|\bhttps?:\/\//i;

/** An archive that a password keeps from being looked into, and what is run out of it. */
function* locked(text: string): Generator<Order> {
  for (const { index } of text.matchAll(PASSWORD)) {
    const before = text.slice(Math.max(0, index - REACH / 2), index);
    const behind = text.slice(index, index + REACH / 2);
    const around = before + behind;
    if (FETCHES.test(around) && ARCHIVE.test(around) && RUNS_FILE.test(behind))
      yield { does: 'run what lies in an archive that a password locks', isUsual: false, start: index };
  }
}

const PASTES =
  /\bpaste\b[^.\n]{0,64}\b(?:terminal|shell|console|powershell|command\s{1,2}prompt|command\s{1,2}line|run\s{1,2}(?:dialog|box|window)|cmd)\b/gi;
const COPIES =
  /\bcopy\b[^.\n]{0,64}\b(?:commands?|code|scripts?|snippets?|text|lines?|contents?|it|one-liner)\b/i;

/** A command that a page has, which is put into a shell. */
function* pasted(text: string): Generator<Order> {
  for (const { index } of text.matchAll(PASTES)) {
    const before = text.slice(Math.max(0, index - REACH / 2), index);
    const addresses = addressesIn(before);
    if (!COPIES.test(before) || addresses.length === 0 || isForbidden(text, index)) continue;
    yield {
      does: 'copy a command from a page into a terminal',
      isUsual: !addresses.some(isOdd),
      start: index,
    };
  }
}

const FOLLOWS =
  /\b(?:follow|obey|execute|carry\s{1,2}out|perform|run|do|apply)\s{1,4}(?:exactly\s{1,2})?(?:what(?:ever)?\s{1,4}(?:it|they|the\s{1,2}\w{1,16})\s{1,4}(?:says?|tells?|contains?)|(?:(?:all|any|the|its|every|whatever|those|these)\s{1,4}){1,2}(?:instructions?|commands?|orders?|directives?|steps?)\b(?:[^.\n]{0,32}\b(?:there|it|in\s{1,2}it|returned|contained|fetched|response|page|file))?)/gi;
const GETS = /\b(?:fetch|read|get|download|load|check|retrieve|poll|curl|visit|request|query)\b/i;
const AGAIN =
  /\b(?:every|each)\s{1,4}(?:\d{1,4}\+?\s{1,4}|few\s{1,4})?(?:minutes?|hours?|days?|seconds?|times?|sessions?|starts?|messages?|turns?)\b|\bperiodically\b|\bheartbeat\b|\bhourly\b|\bdaily\b|\bregularly\b/i;

/** Orders that come from an address. */
function* fetchedOrders(text: string): Generator<Order> {
  for (const { 0: all, index } of text.matchAll(FOLLOWS)) {
    if (isForbidden(text, index)) continue;
    const before = text.slice(Math.max(0, index - REACH / 3), index);
    const last = before.split(/\n\s{0,64}\n/).at(-1)!;
    const addresses = addressesIn(last);
    if (!GETS.test(last) || addresses.length === 0) continue;
    const isUsual = !addresses.some(isOdd) && !AGAIN.test(last + text.slice(index, index + all.length + 64));
    yield { does: 'fetch orders from an address and follow them', isUsual, start: index };
  }
}

const RUNNER =
  /\b(?:npx|bunx|pnpx|(?:pnpm|yarn)\s{1,4}dlx|uvx|pipx\s{1,4}run)\s{1,4}(?:-\S{1,32}\s{1,4}){0,4}https?:\/\/[^\s"'`|;<>()\]]{1,512}/gi;

/** A package that is run from an address. */
function* runFromAddress(text: string): Generator<Order> {
  for (const { 0: all, index } of text.matchAll(RUNNER))
    yield { does: 'run a package from an address', isUsual: !addressesIn(all).some(isOdd), start: index };
}

/** What a skill, rule or description of a tool orders that attacks order, and honest ones do not or seldom do. */
export const ordersIn = (text: string): Order[] => {
  const plain = text.replaceAll('\r', ' ');
  return [secretsGiven, locked, pasted, fetchedOrders, runFromAddress].flatMap((find) => [...find(plain)]);
};
