import type { CommandAct } from './command-act.ts';
import type { Language } from './given-code.ts';
import { namesSecretFile } from './secret-sources.ts';

/** Code in the words of a command, by the option that it stands behind. */
const GIVEN: readonly (readonly [Exclude<Language, 'python'>, RegExp])[] = [
  ['javascript', /\b(?:node|bun|deno)(?:\.exe)?\s[^|]{0,64}?(?:-e|-p|-pe|--eval|--print|eval)[\s=]/],
  ['perl', /\bperl[\d.]{0,6}(?:\.exe)?\s[^|\n]{0,64}?-[acilnpsw0-9]{0,8}[eE](?=[\s"'\\])/],
  ['ruby', /\bruby[\d.]{0,6}(?:\.exe)?\s[^|\n]{0,64}?-[acilnpsw0-9]{0,8}e(?=[\s"'\\])/],
  ['php', /\bphp[\d.]{0,6}(?:\.exe)?\s[^|\n]{0,64}?(?:-[nq]{0,2}[rRB]|--run)(?=[\s"'\\=])/],
  ['lua', /\blua(?:jit)?[\d.]{0,6}(?:\.exe)?\s[^|\n]{0,64}?-e(?=[\s"'\\])/],
];

/** What a language fetches, runs, decodes and connects with, and what all variables are called in it. */
interface Means {
  readonly fetches: RegExp;
  readonly runs: RegExp;
  readonly decodes: RegExp;
  /** What it names besides where it decodes. */
  readonly encoding?: RegExp;
  readonly connects: RegExp;
  /** What starts a shell or program, of what runs anything. */
  readonly starts: RegExp;
  readonly everything: RegExp;
}

const MEANS: Readonly<Record<Exclude<Language, 'python'>, Means>> = {
  javascript: {
    fetches: /\bfetch\s{0,4}\(|\bhttps?['"`\\]{0,4}\)?\s{0,4}\.\s{0,4}(?:get|request)\b/,
    runs: /\b(?:eval|Function|exec(?:Sync|File|FileSync)?|spawn(?:Sync)?|runIn\w{1,24}|_compile)\b/,
    decodes: /\batob\s{0,4}\(|\bBuffer\.from\b/,
    encoding: /\b(?:base64|hex|atob)\b/,
    connects:
      /\bnet['"`\\]{0,4}\)?\s{0,4}\.\s{0,4}(?:connect|createConnection|Socket)\b|\bnet\.(?:connect|createConnection|Socket)\b/,
    starts: /\b(?:exec|spawn)(?:File)?\s{0,4}\(/,
    // Not one by its name.
    everything: /\bprocess\.env\b(?!\s{0,4}(?:\.|\[|\?))/,
  },
  perl: {
    fetches:
      /\bLWP::|\bHTTP::Tiny\b|\bget(?:store|print)?\s{0,4}\(?\s{0,4}["'q\\]{0,3}[({]?https?:|`\s{0,4}(?:curl|wget)\b|\bqx\W\s{0,4}(?:curl|wget)\b/,
    runs: /\b(?:eval|system|exec|do)\b|\|\s{0,4}(?:ba|z|da)?sh\b/,
    decodes:
      /\bdecode_base64\b|\bunpack\s{0,4}\(?\s{0,4}["'q\\]{1,3}[({]?[uHh]|\bpack\s{0,4}\(?\s{0,4}["'q\\]{1,3}[({]?[HhC]/,
    connects: /\bIO::Socket\b|\bsocket\s{0,4}\(|\bSocket;/,
    starts: /\b(?:exec|system)\b|\bqx\b|`|\|-/,
    everything: /%ENV\b/,
  },
  ruby: {
    fetches:
      /\bURI\s{0,4}(?:\.|\()|\bopen-uri\b|\bNet::HTTP\b|\bopen\s{0,4}\(?\s{0,4}["'\\]{0,2}https?:|`\s{0,4}(?:curl|wget)\b/,
    runs: /\b(?:eval|instance_eval|class_eval|system|exec|spawn|popen)\b|\bIO\.popen\b/,
    decodes:
      /\bBase64\.|\bunpack1?\s{0,4}\(?\s{0,4}["'\\]{1,2}[muHh]|\bpack\s{0,4}\(?\s{0,4}["'\\]{1,2}[HhUCc]/,
    connects: /\bTCPSocket\b|\bSocket\.tcp\b|\bUNIXSocket\b/,
    starts: /\b(?:exec|system|spawn|popen3?|fork)\b|`/,
    everything: /\bENV\.(?:to_|inspect|map|each|collect)/,
  },
  php: {
    fetches:
      /\b(?:file_get_contents|fopen|file|readfile|include|require)(?:_once)?\s{0,4}\(?\s{0,4}["'\\]{0,2}https?:|\bcurl_exec\b|`\s{0,4}(?:curl|wget)\b/,
    runs: /\b(?:eval|assert|system|exec|shell_exec|passthru|proc_open|popen|include|require)(?:_once)?\b/,
    decodes: /\b(?:base64_decode|gzinflate|gzuncompress|hex2bin|str_rot13|convert_uudecode)\b/,
    connects: /\b(?:p?fsockopen|stream_socket_client|socket_create)\b/,
    starts: /\b(?:exec|system|shell_exec|passthru|proc_open|popen)\b|`/,
    everything: /\$_ENV\b(?!\s{0,4}\[)|\bgetenv\s{0,4}\(\s{0,4}\)/,
  },
  lua: {
    fetches: /\bsocket\.http\b|\bhttp\.request\b|\bio\.popen\s{0,4}\(?[^\n]{0,64}\b(?:curl|wget)\b/,
    runs: /\b(?:load|loadstring|dostring|os\.execute|io\.popen)\b/,
    decodes: /\b(?:unb64|mime\.unb64|base64)\b/,
    connects: /\brequire\s{0,4}\(?\s{0,4}["'\\]{1,3}socket["'\\]|\bsocket\.(?:tcp|connect)\b/,
    starts: /\b(?:os\.execute|io\.popen)\b/,
    everything: /\bio\.popen\s{0,4}\(?\s{0,4}["'\\]{1,2}env\b/,
  },
};

/** What code of these languages does that few harmless ones do. */
export function scriptAct(language: Exclude<Language, 'python'>, code: string): CommandAct | null {
  const { fetches, runs, decodes, encoding, connects, starts, everything } = MEANS[language];
  const isConnected = connects.test(code);
  if (isConnected && starts.test(code)) return 'shell-elsewhere';
  const isFetched = fetches.test(code);
  if ((isFetched || isConnected) && (everything.test(code) || namesSecretFile(code))) return 'sent-away';
  if (isFetched) return runs.test(code) ? 'fetched' : null;
  return decodes.test(code) && encoding?.test(code) !== false && runs.test(code) ? 'decoded' : null;
}

/** The same of the code that a line of commands has behind an option. */
export function scriptActIn(line: string): CommandAct | null {
  for (const [language, given] of GIVEN) {
    const found = given.exec(line);
    const act = found && scriptAct(language, line.slice(found.index + found[0].length));
    if (act) return act;
  }
  return null;
}
