/** Files in which secrets lie, by their names: keys, credentials, histories, what a process was started with. */
const SECRET_FILES: readonly RegExp[] = [
  /\.ssh[\\/]{1,2}(?!\w{1,32}\.pub\b)(?:id_\w|identity|\*)|\bid_(?:rsa|dsa|ecdsa|ed25519)\b(?!\.pub)/g,
  /\.aws[\\/]{1,2}(?:credentials|config|\*)|\.docker[\\/]{1,2}config\.json|\.kube[\\/]{1,2}config/g,
  /\.(?:npmrc|pypirc|netrc|git-credentials|pgpass|vault-token|bash_history|zsh_history|gnupg|azure)\b/g,
  /\.config[\\/]{1,2}(?:gcloud|gh|solana)\b|\bserviceaccount\/token\b|\blogin\.keychain/g,
  /\/etc\/(?:passwd|shadow)\b|\/proc\/(?:self|\d{1,8}|\$\$)\/environ|\bwallet\.dat\b|\bLogin Data\b/g,
  /\.claude(?:\.json|[\\/]{1,2}\.credentials)|\.cursor[\\/]{1,2}mcp\.json/g,
  /(?<![\w.)}-])\.env(?:\.(?:local|production|prod))?(?![\w.])/g,
];
/** Whole folders of them, as commands name them. */
const FOLDERS = /(?<![\w.])\.(?:ssh|aws|kube)(?=\/?(?:["'`)|;&\s]|$))/g;
/** Those that no client signs in with, and that are not taken along to one's own machines: keys, credentials of a person. */
const KEYS: readonly RegExp[] = [
  /\.ssh[\\/]{1,2}(?!\w{1,32}\.pub\b)(?:id_\w|identity|\*)|\bid_(?:rsa|dsa|ecdsa|ed25519)\b(?!\.pub)/,
  /\.aws[\\/]{1,2}(?:credentials|\*)|(?<![\w.])\.(?:ssh|aws)(?=\/?(?:["'`)|;&\s]|$))|\.(?:git-credentials|bash_history|zsh_history|gnupg)\b/,
  /\.config[\\/]{1,2}(?:gcloud|gh|solana)\b|\blogin\.keychain|\/etc\/shadow\b|\bwallet\.dat\b|\bLogin Data\b/,
];
/** Commands that give out who a person is, and the hosts that they are for. */
const TOKENS: readonly (readonly [RegExp, RegExp | null])[] = [
  [
    /\bgh\s{1,4}auth\s{1,4}(?:token|status\s[^|\n]{0,64}--show-token)/,
    /(?:^|\.)(?:github\.com|ghcr\.io|githubusercontent\.com)$/,
  ],
  [/\bgit\s{1,4}config\s[^|\n]{0,64}--get[^|\n]{0,128}extraheader/, /(?:^|\.)github\.com$/],
  [
    /\bgit\s{1,4}credential(?:-\w{1,24})?\s{1,4}(?:fill|get)\b|\bdocker-credential-\w{1,24}\s{1,4}get\b/,
    null,
  ],
  [
    /\bsecurity\s{1,4}(?:find-(?:generic|internet)-password|dump-keychain|export)\b|\bsecret-tool\s{1,4}lookup\b/,
    null,
  ],
  [
    /\bgcloud\s{1,4}auth\s[^|\n]{0,64}print-(?:access|identity)-token\b/,
    /(?:^|\.)(?:googleapis\.com|google\.com|run\.app|pkg\.dev|gcr\.io|cloudfunctions\.net)$/,
  ],
  [
    /\baz\s{1,4}account\s{1,4}get-access-token\b/,
    /(?:^|\.)(?:azure\.com|windows\.net|microsoft\.com|microsoftonline\.com|azurecr\.io)$/,
  ],
  [/\baws\s{1,4}configure\s{1,4}(?:export-credentials|get\s{1,4}\S{0,64}secret)/, /(?:^|\.)amazonaws\.com$/],
  [/\bgpg2?\s[^|\n]{0,128}--export-secret/, null],
];

/** Where a text names files of secrets, in order. */
export function secretFilesIn(text: string): number[] {
  const found: number[] = [];
  for (const pattern of SECRET_FILES) for (const { index } of text.matchAll(pattern)) found.push(index);
  return found.sort((a, b) => a - b);
}

/** The same of a line of commands, with whole folders. */
export function secretsNamedIn(line: string): number[] {
  const found = secretFilesIn(line);
  for (const { index } of line.matchAll(FOLDERS)) found.push(index);
  return found.sort((a, b) => a - b);
}

/** Whether a text names a file of secrets. */
export const namesSecretFile = (text: string): boolean => secretFilesIn(text).length > 0;

/** Whether a line names keys, or credentials of a person. */
export const namesKeys = (line: string): boolean => KEYS.some((one) => one.test(line));

/** Whether a part of a line gives out a token that says who a person is. */
export const givesToken = (part: string): boolean => TOKENS.some(([gives]) => gives.test(part));

/** Whether hosts are those that the tokens in a line are for. */
export function isForIssuer(line: string, hosts: readonly string[]): boolean {
  const given = TOKENS.filter(([gives]) => gives.test(line));
  return (
    given.length > 0 &&
    hosts.length > 0 &&
    given.every(([, issuer]) => issuer !== null && hosts.every((host) => issuer.test(host)))
  );
}
