import type { Severity } from '@sallyport/core';

/** What an argument of a tool call would do beyond what it is for. */
export interface CommandMatch {
  readonly technique: string;
  readonly severity: Severity;
  readonly confidence: number;
  readonly start: number;
  readonly end: number;
}

interface CommandRule {
  readonly technique: string;
  readonly severity: Severity;
  readonly confidence: number;
  readonly references: readonly string[];
  /** Global; repetitions are bounded. */
  readonly pattern: RegExp;
}

const SHELL = '(?:ba|z|da|k)?sh|python\\d?|perl|ruby|node|pwsh|powershell';
const RUN = `${SHELL}|curl|wget|nc|cat|rm|chmod|chown|sudo|eval|exec|whoami|id|env|printenv`;
/** Hosts that are inside. */
const INSIDE = [
  'localhost|127\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}|0\\.0\\.0\\.0|10\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}',
  '192\\.168\\.\\d{1,3}\\.\\d{1,3}|172\\.(?:1[6-9]|2\\d|3[01])\\.\\d{1,3}\\.\\d{1,3}',
  '169\\.254\\.\\d{1,3}\\.\\d{1,3}|\\[?::1\\]?|metadata\\.google\\.internal|0x7f|2130706433',
].join('|');

const any = (flags: string, ...patterns: readonly string[]): RegExp => new RegExp(patterns.join('|'), flags);

const RULES: readonly CommandRule[] = [
  {
    technique: 'shell-destruction',
    severity: 'high',
    confidence: 0.9,
    references: ['CWE-78', 'ASI02', 'AML.T0053'],
    pattern: any(
      'gi',
      '\\brm\\s{1,4}(?:-[a-z]{1,8}\\s{1,4}){0,3}-(?:[a-z]{0,6}r[a-z]{0,6}f|[a-z]{0,6}f[a-z]{0,6}r)[a-z]{0,6}' +
        '\\s{1,4}(?:--no-preserve-root\\s{1,4})?["\']?(?:/|~|\\$HOME|\\*)',
      '\\bmkfs(?:\\.\\w{1,8})?\\s',
      '\\bdd\\s[^\\n]{0,80}\\bof=/dev/',
      ':\\(\\)\\s?\\{\\s?:\\|:&\\s?\\};:',
      '\\bdel\\s{1,4}/[sfq]\\s',
      '\\bformat\\s{1,4}[a-z]:',
    ),
  },
  {
    technique: 'shell-download-and-run',
    severity: 'high',
    confidence: 0.9,
    references: ['CWE-494', 'CWE-78', 'ASI02'],
    pattern: any(
      'gi',
      `\\b(?:curl|wget|iwr|invoke-webrequest)\\b[^\\n|;]{1,300}\\|\\s{0,4}(?:sudo\\s{1,4})?(?:${SHELL})\\b`,
      `\\b(?:${SHELL})\\s{1,4}(?:-c\\s{1,4})?["']?(?:<\\(|\\$\\()\\s{0,4}(?:curl|wget)\\b`,
    ),
  },
  {
    technique: 'shell-reverse',
    severity: 'critical',
    confidence: 0.95,
    references: ['CWE-78', 'ASI02', 'AML.T0053'],
    pattern: any(
      'gi',
      '/dev/tcp/[\\w.-]{1,100}/\\d{1,5}',
      '\\b(?:nc|ncat|netcat)\\b[^\\n]{0,60}\\s-[a-z]{0,4}e\\b',
      '\\bsocat\\b[^\\n]{0,80}\\bexec:',
    ),
  },
  {
    technique: 'shell-chained',
    severity: 'medium',
    confidence: 0.6,
    references: ['CWE-78', 'CWE-88', 'ASI02'],
    pattern: any('g', `(?:;|&&|\\|\\||\\||\`|\\$\\()\\s{0,4}(?:${RUN})\\b`),
  },
  {
    technique: 'sql-injection',
    severity: 'high',
    confidence: 0.85,
    references: ['CWE-89', 'ASI02'],
    pattern: any(
      'gi',
      '[\'"`]\\s{0,4}(?:or|and)\\s{1,4}[\'"`]?\\w{1,20}[\'"`]?\\s{0,4}=\\s{0,4}[\'"`]?\\w{1,20}',
      '\\bunion\\s{1,4}(?:all\\s{1,4})?select\\b',
      ';\\s{0,4}(?:drop|truncate|alter|delete\\s{1,4}from|update|insert\\s{1,4}into)\\s{1,4}\\w',
      '\\b(?:sleep|benchmark|pg_sleep|waitfor\\s{1,4}delay)\\s{0,4}\\(?\\s{0,4}[\'"]?\\d',
    ),
  },
  {
    technique: 'path-traversal',
    severity: 'high',
    confidence: 0.85,
    references: ['CWE-22', 'ASI02'],
    pattern: any(
      'gi',
      '(?:\\.\\.(?:/|\\\\{1,2}|%2f|%5c)){2,12}',
      '(?:^|["\'\\s=:])/(?:etc/(?:passwd|shadow|sudoers|ssh)|proc/self|root/)',
      '\\.ssh/(?:id_|authorized_keys)',
      '\\.aws/credentials',
      '\\\\{1,2}windows\\\\{1,2}system32',
    ),
  },
  {
    technique: 'internal-address',
    severity: 'high',
    confidence: 0.9,
    references: ['CWE-918', 'ASI02'],
    pattern: any(
      'gi',
      `\\b(?:https?|ftp|gopher|dict|ldap)://(?:[^\\s"'@/]{1,100}@)?(?:${INSIDE})`,
      '\\b(?:file|gopher|jar)://',
    ),
  },
  {
    technique: 'code-execution',
    severity: 'medium',
    confidence: 0.7,
    references: ['CWE-94', 'CWE-95', 'ASI02'],
    pattern: any(
      'gi',
      '\\b__import__\\s{0,2}\\(',
      '\\bos\\.(?:system|popen|exec[lv]p?e?)\\s{0,2}\\(',
      '\\bsubprocess\\.(?:run|call|popen|check_output)\\b',
      '\\bchild[_]process\\b',
      '\\bruntime\\.getruntime\\(\\)\\.exec',
      '\\beval\\s{0,2}\\(\\s{0,4}(?:base64|atob|compile|request|input)',
      "\\{\\{\\s{0,4}(?:config|self|request|''\\.__class__)",
      '\\$\\{(?:jndi|env|sys):',
    ),
  },
  {
    technique: 'markup-script',
    severity: 'high',
    confidence: 0.85,
    references: ['CWE-79', 'LLM05:2025'],
    pattern: any(
      'gi',
      '<script\\b[^>]{0,200}>',
      '\\bon(?:error|load|click|mouseover)\\s{0,4}=\\s{0,4}["\']?[^"\'>\\s]{1,200}\\(',
      'javascript:\\s{0,4}\\w',
    ),
  },
];

/** Matches of one rule in one text that are kept. */
const MATCHES_MAX = 8;

/** What stands in the arguments of a tool call that goes beyond data: commands, queries, paths and addresses that lead elsewhere. */
export function findCommands(text: string): (CommandMatch & { readonly references: readonly string[] })[] {
  const found: (CommandMatch & { readonly references: readonly string[] })[] = [];
  for (const { technique, severity, confidence, references, pattern } of RULES) {
    let n = 0;
    for (const { index, 0: match } of text.matchAll(pattern)) {
      found.push({ technique, severity, confidence, references, start: index, end: index + match.length });
      if (++n === MATCHES_MAX) break;
    }
  }
  return found;
}
