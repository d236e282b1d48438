import type { Severity } from '@sallyport/core';

/** A link that should not be in an answer. */
export interface LinkMatch {
  readonly technique: string;
  readonly severity: Severity;
  readonly confidence: number;
  readonly start: number;
  readonly end: number;
}

const IMAGE = /!\[[^\]\n]{0,200}\]\(\s{0,4}<?(https?:\/\/[^\s)>]{1,2000})/gi;
const HTML_LOADER =
  /<(?:img|iframe|script|object|embed|link|video|audio|source|form)\b[^>]{0,300}?\b(?:src|href|data|action)\s{0,3}=\s{0,3}["']?(https?:\/\/[^\s"'>]{1,2000})/gi;
const ACTIVE =
  /\]\(\s{0,4}<?(?:javascript|vbscript|data\s{0,2}:\s{0,2}text\/html)[^\s)]{0,200}|\b(?:href|src)\s{0,3}=\s{0,3}["']?\s{0,3}(?:javascript|vbscript|data\s{0,2}:\s{0,2}text\/html)[:;,][^\s"'>]{0,200}/gi;
const PLAIN = /https?:\/\/[^\s<>()"'`\]]{4,2000}/gi;

/** Whether a URL carries enough beyond its address to smuggle a conversation out when it is merely shown. */
function carriesData(url: string): boolean {
  const query = url.indexOf('?');
  if (query >= 0 && url.length - query > 12) return true;
  return /[/=][A-Za-z0-9+/_%-]{40,}/.test(url.slice(8));
}

/** Links that fetch on display with data in them, that run code, or whose host deceives. */
export function findLinks(text: string): LinkMatch[] {
  if (!text.includes(':')) return [];
  const found: LinkMatch[] = [];
  for (const match of text.matchAll(IMAGE)) {
    if (carriesData(match[1]!)) {
      found.push({
        technique: 'image-exfiltration',
        severity: 'high',
        confidence: 0.85,
        start: match.index,
        end: match.index + match[0].length,
      });
    }
  }
  if (text.includes('<')) {
    for (const match of text.matchAll(HTML_LOADER)) {
      found.push({
        technique: 'markup-loads-remote',
        severity: 'high',
        confidence: 0.7,
        start: match.index,
        end: match.index + match[0].length,
      });
    }
  }
  for (const match of text.matchAll(ACTIVE)) {
    found.push({
      technique: 'active-link',
      severity: 'high',
      confidence: 0.9,
      start: match.index,
      end: match.index + match[0].length,
    });
  }
  if (!text.includes('://')) return found;
  for (const match of text.matchAll(PLAIN)) {
    const host = /^https?:\/\/([^/?#]*)/i.exec(match[0])?.[1] ?? '';
    const span = { start: match.index, end: match.index + match[0].length };
    if (host.includes('@'))
      found.push({ technique: 'link-hides-host', severity: 'high', confidence: 0.9, ...span });
    else if (/(?:^|\.)xn--/i.test(host))
      found.push({ technique: 'link-punycode-host', severity: 'medium', confidence: 0.6, ...span });
    else if (/^(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?$/.test(host) && !host.startsWith('127.')) {
      found.push({ technique: 'link-address-host', severity: 'medium', confidence: 0.6, ...span });
    }
  }
  return found;
}
