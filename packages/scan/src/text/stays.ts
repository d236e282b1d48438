/** The key of a person, as it is written among those that may sign in. */
const KEY = /\bAAAA[BCE][23]NzaC1/;
const KEYS_FILE = /(?:>{1,2}|\btee\s{1,4}-a)\s{0,4}["']?[^\s"';|&]{0,256}authorized_keys\b/;
/** What writes to a file whose name follows. */
const INTO = String.raw`(?:>{1,2}|\btee\s{1,4}(?:-a\s{1,4})?)\s{0,4}["']?`;
const HOME = String.raw`(?:~|\$\{?HOME\}?|\/root|\/home\/\w{1,32})`;
const STAYS: readonly RegExp[] = [
  /\|\s{0,8}(?:sudo\s{1,4})?crontab\b(?!\s{1,4}-[ler])/,
  /(?:^|[;&|(]\s{0,8})crontab\s{1,4}(?!-[ler]\b)(?:-u\s{1,4}\S{1,64}\s{1,4})?[\w./~$-]/,
  new RegExp(String.raw`${INTO}\/(?:etc\/(?:cron|systemd|init\.d|rc\.local|profile)|var\/spool\/cron)`),
  new RegExp(
    String.raw`${INTO}${HOME}\/(?:\.(?:bash|zsh)(?:rc|env|_profile|_login)\b|\.z?profile\b|\.zlogin\b)`,
  ),
  new RegExp(String.raw`${INTO}${HOME}\/(?:\.config\/(?:autostart|systemd|fish)\b|Library\/LaunchAgents\b)`),
  /\bschtasks(?:\.exe)?\s[^|\n]{0,64}\/create\b|\breg(?:\.exe)?\s{1,4}add\s[^|\n]{0,128}\\run\b/i,
];

/** Whether a line lets another key sign in (`key-planted`), or has commands run again later by themselves (`stays`). */
export function staysBy(line: string): 'key-planted' | 'stays' | null {
  if (KEYS_FILE.test(line) && KEY.test(line)) return 'key-planted';
  return STAYS.some((one) => one.test(line)) ? 'stays' : null;
}
