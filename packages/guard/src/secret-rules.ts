/** How one provider's secret looks. */
export interface SecretRule {
  readonly id: string;
  /** Lower-case literals, one of which must occur before the pattern is tried. */
  readonly keywords: readonly string[];
  /** Global; every repetition bounded, so that matching is linear. */
  readonly pattern: RegExp;
  /** Shannon entropy, bits a character, that the secret part must reach; keeps out placeholders such as `xxxx`. */
  readonly entropyMin: number;
  readonly severity: 'critical' | 'high';
}

const rule = (
  id: string,
  keywords: string[],
  pattern: RegExp,
  entropyMin = 3,
  severity: SecretRule['severity'] = 'critical',
): SecretRule => ({ id, keywords, pattern, entropyMin, severity });

/** Secrets of the commonest providers. Formats as each provider documents them. */
export const SECRET_RULES: readonly SecretRule[] = [
  rule('aws-access-key', ['akia', 'asia', 'abia', 'acca'], /\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b/g, 2.8),
  rule(
    'aws-secret-key',
    ['aws'],
    /\baws.{0,24}?(?:secret|key).{0,12}?["'=: ]([A-Za-z0-9+/]{40})(?![A-Za-z0-9+/=])/gi,
    4,
  ),
  rule('github-token', ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'], /\bgh[pousr]_[A-Za-z0-9]{36,255}\b/g),
  rule('github-fine-grained-token', ['github_pat_'], /\bgithub_pat_[A-Za-z0-9_]{60,255}\b/g),
  rule('gitlab-token', ['glpat-', 'gldt-', 'glrt-'], /\bgl(?:pat|dt|rt)-[A-Za-z0-9_-]{20,64}/g),
  rule(
    'slack-token',
    ['xoxb-', 'xoxp-', 'xoxa-', 'xoxr-', 'xoxs-', 'xapp-'],
    /\b(?:xox[abprs]|xapp)-[A-Za-z0-9-]{20,250}/g,
  ),
  rule(
    'slack-webhook',
    ['hooks.slack.com'],
    /hooks\.slack\.com\/(?:services|workflows)\/[A-Za-z0-9+/]{30,80}/g,
    3,
    'high',
  ),
  rule(
    'stripe-key',
    ['sk_live_', 'rk_live_', 'sk_test_', 'whsec_'],
    /\b(?:sk_live|rk_live|sk_test|whsec)_[A-Za-z0-9]{16,128}/g,
  ),
  rule(
    'openai-key',
    ['sk-', 't3blbkfj'],
    /\bsk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{20,200}(?![A-Za-z0-9])/g,
    3.5,
  ),
  rule('anthropic-key', ['sk-ant-'], /\bsk-ant-[a-z0-9]{3,12}-[A-Za-z0-9_-]{40,160}/g, 3.5),
  rule('google-api-key', ['aiza'], /\bAIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])/g),
  rule('google-oauth-secret', ['gocspx-'], /\bGOCSPX-[A-Za-z0-9_-]{28}\b/g),
  rule('azure-storage-key', ['accountkey='], /AccountKey=[A-Za-z0-9+/]{80,100}={0,2}/g, 4),
  rule('azure-client-secret', ['q~'], /\b[A-Za-z0-9_~.]{3}[78]Q~[A-Za-z0-9_~.-]{31,34}/g, 3.5),
  rule('sendgrid-key', ['sg.'], /\bSG\.[A-Za-z0-9_-]{20,24}\.[A-Za-z0-9_-]{39,50}/g, 3.5),
  rule('twilio-key', ['sk', 'ac'], /\b(?:SK|AC)[0-9a-f]{32}\b/g),
  rule('npm-token', ['npm_'], /\bnpm_[A-Za-z0-9]{36}\b/g),
  rule('pypi-token', ['pypi-'], /\bpypi-AgEI[A-Za-z0-9_-]{50,300}/g, 3.5),
  rule('hugging-face-token', ['hf_'], /\bhf_[A-Za-z0-9]{30,64}\b/g),
  rule('digitalocean-token', ['dop_v1_', 'doo_v1_', 'dor_v1_'], /\bdo[opr]_v1_[a-f0-9]{64}\b/g),
  rule('databricks-token', ['dapi'], /\bdapi[a-f0-9]{32}(?:-\d)?\b/g),
  rule('shopify-token', ['shpat_', 'shpca_', 'shppa_', 'shpss_'], /\bshp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}\b/g),
  rule('telegram-bot-token', [':aa'], /\b\d{8,10}:AA[A-Za-z0-9_-]{33}(?![A-Za-z0-9_-])/g, 3.5),
  rule('vault-token', ['hvs.', 'hvb.'], /\bhv[sb]\.[A-Za-z0-9_-]{24,200}/g),
  rule('mailgun-key', ['key-'], /\bkey-[0-9a-f]{32}\b/g),
  rule(
    'private-key',
    ['private key-----'],
    /-----BEGIN (?:[A-Z]{2,10} ){0,3}PRIVATE KEY-----[A-Za-z0-9+/=\s\\n-]{0,4000}/g,
    0,
  ),
  rule(
    'json-web-token',
    ['eyj'],
    /\beyJ[A-Za-z0-9_-]{10,2000}\.eyJ[A-Za-z0-9_-]{10,4000}\.[A-Za-z0-9_-]{20,1000}/g,
    3.5,
    'high',
  ),
  rule(
    'database-url',
    ['://'],
    /\b(?:postgres(?:ql)?|mysql|mongodb(?:\+srv)?|redis|amqps?):\/\/[^\s:/@"']{1,64}:[^\s/@"']{3,128}@[^\s"'/]{1,255}/g,
    0,
    'high',
  ),
  rule('sallyport-key', ['sp_'], /\bsp_[A-Za-z0-9]{43}_[A-Za-z0-9]{6}\b/g),
];
