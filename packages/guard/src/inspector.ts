import type { Detection, InspectionRequest } from '@sallyport/core';
import { ContentModel } from './content/content-model.ts';
import { Findings } from './findings.ts';
import { KeywordIndex } from './keyword-index.ts';
import { isForeign, readsEnglish } from './language.ts';
import { DENY_AT, FLAG_AT, InjectionModel } from './model/injection-model.ts';
import { withoutPlainSense } from './model/plain-sense.ts';
import { NameTagger } from './names/tagger.ts';
import { beginsInsideOpaque, insideOpaque } from './opaque-runs.ts';
import { findCanaries } from './output/canaries.ts';
import { findCommands } from './output/commands.ts';
import { findLinks } from './output/links/find-links.ts';
import { findPromptLeaks } from './output/prompt-leak.ts';
import { findTerminalSequences } from './output/terminal.ts';
import { TrainingEcho } from './output/training-echo.ts';
import { PII_ENTITIES, type PiiMatch } from './pii/entity.ts';
import { findNames } from './pii/find-names.ts';
import { findPii } from './pii/find-pii.ts';
import { isOwn } from './pii/own.ts';
import { CORRECTION, INJECTION_RULES, LOOSE_RULES } from './rules/injection-rules.ts';
import { RuleSet } from './rules/rule-set.ts';
import { findSecrets, findTurnedSecrets, isByName, isGivenToNothing } from './secrets/find-secrets.ts';
import { Standing } from './standing.ts';
import { type Canonical, canonicalise, type View } from './views/canonicalise.ts';

/** Matches of one rule in one view that are kept. */
const MATCHES_PER_RULE_MAX = 16;
/** Invisible characters that are normal in running text, such as joiners in emoji and some scripts. */
const INVISIBLE_TOLERATED = 8;

/** How sure the tagger of names is at most; what is surer has a structure. */
const TAGGED_MAX = 0.65;

/** Views that decoding made; folding letters cannot make personal data. */
const DECODED = /^(?:base64|hex|url|html|escape|tags|hidden)/;
/** A text that is read as it stands alone. */
const AS_WRITTEN: Canonical = { views: [], rewritten: false, invisible: null, unread: false };
/** Texts among bytes, of which only what has a check digit is told as personal. */
const AMONG = /^binary\+/;
const CHECKED = new Set<string>(['credit-card', 'iban', 'us-ssn']);

/** Views that a client makes by itself before it shows a text. */
const SHOWN_AS = /^(?:html|escape)/;

const KEYWORDS = new KeywordIndex(INJECTION_RULES.map(({ keywords }) => keywords));

const echoes = new WeakMap<Uint8Array, TrainingEcho>();

/** A filter, read once for each piece of memory that it comes in. */
function echoOf(file: Uint8Array): TrainingEcho {
  let echo = echoes.get(file);
  if (!echo) {
    echo = TrainingEcho.parse(file);
    echoes.set(file, echo);
  }
  return echo;
}

/** What one inspection says of a text. */
export interface Inspected {
  readonly detections: Detection[];
  /** How sure the most sure detector is of an injection, 0 to 1; of texts below every threshold too. */
  readonly scores: { readonly injection: number };
  /** Every reading of the text; the first is the text itself, normalised. */
  readonly views: readonly View[];
}

/** The model files of the guard, verified. */
export interface GuardModels {
  readonly injection: Uint8Array;
  readonly names: Uint8Array;
  readonly content: Uint8Array;
}

/** Inspects texts with rules, a trained model, checksums and decoded views. The same text gives the same detections. */
export class Inspector {
  readonly #model: InjectionModel | null;
  readonly #tagger: NameTagger | null;
  readonly #content: ContentModel | null;
  #rules = RuleSet.NONE;

  /**
   * @param model of injections; without one only rules see them
   * @param tagger of names, asked where a request wants names
   * @param content of what answers hold, asked where a request wants that
   */
  constructor(
    model: InjectionModel | null = null,
    tagger: NameTagger | null = null,
    content: ContentModel | null = null,
  ) {
    this.#model = model;
    this.#tagger = tagger;
    this.#content = content;
  }

  /** An inspector with the models that ship with the guard. @throws RangeError when a file is none */
  static open(models: GuardModels | null): Inspector {
    if (!models) return new Inspector();
    return new Inspector(
      InjectionModel.parse(models.injection),
      NameTagger.parse(models.names),
      ContentModel.parse(models.content),
    );
  }

  /** Takes the operator's rules; those before are gone. */
  useRules(rules: RuleSet): void {
    this.#rules = rules;
  }

  /** All detections in one text, with offsets into it as given. @throws RangeError past {@link LIMITS.detectionsPerTextMax} */
  inspect(request: InspectionRequest): Detection[] {
    return this.#look(request, request.channel !== 'output').detections;
  }

  /** The same, with scores. */
  assess(request: InspectionRequest): Inspected {
    return this.#look(request, true);
  }

  /** @param scored whether the model is asked */
  #look(request: InspectionRequest, scored: boolean): Inspected {
    const findings = new Findings(request.pointer);
    if (request.only) return this.#values(request, findings);
    let injection = 0;
    const canonical = canonicalise(request.text);
    this.#obfuscation(canonical, request.text, findings);
    const standing = new Standing(request.channel, canonical.views[0]!.text);
    for (const view of canonical.views) {
      if (request.channel !== 'output') this.#injection(view, standing, findings);
      this.#ruled(view, request.channel, findings);
      if (scored) injection = Math.max(injection, this.#learned(view, request.text, standing, findings));
      if (request.channel === 'output') this.#leaks(view, canonical.rewritten, request, findings);
    }
    if (request.content && this.#content) {
      const whole = { start: 0, end: request.text.length };
      for (const { category, probability } of this.#content.find(canonical.views[0]!.text)) {
        const confidence = Math.round(probability * 1_000) / 1_000;
        const severity = category === 'refusal' ? 'info' : probability >= DENY_AT ? 'high' : 'medium';
        findings.add('content', category, severity, confidence, ['AML.T0054', 'LLM09:2025'], whole);
      }
    }
    this.#secrets(canonical, request, findings);
    this.#pii(canonical, request, findings);
    if (request.tool)
      for (const { technique, severity, confidence, references, ...span } of findCommands(request.text))
        findings.add('command', technique, severity, confidence, references, span);
    if (request.channel === 'output') {
      this.#links(canonical, request, findings);
    }
    for (const { detector, confidence } of findings.list)
      if (detector === 'injection') injection = Math.max(injection, confidence);
    return { detections: findings.list, scores: { injection }, views: canonical.views };
  }

  /** Secrets, canaries and what the operator looks for, and personal data where asked: of ids, bytes and numbers, as written. */
  #values(request: InspectionRequest, findings: Findings): Inspected {
    const { text, channel, only } = request;
    this.#secrets(AS_WRITTEN, request, findings);
    const view: View = { text: text.toLowerCase(), chain: '', span: (start, end) => ({ start, end }) };
    this.#ruled(view, channel, findings);
    this.#canaries(view, false, request, findings);
    if (only === 'values') this.#pii(AS_WRITTEN, { ...request, names: false }, findings);
    return { detections: findings.list, scores: { injection: 0 }, views: [view] };
  }

  /**
   * What the model makes of a view. Answers are scored, but an answer that speaks of instructions attacks nobody. The prose
   * that it learned from is English: of what does not tell that it is, its score alone is a suspicion.
   */
  #learned(view: View, text: string, standing: Standing, findings: Findings): number {
    if (!this.#model || !standing.asksModel(view)) return 0;
    const whole = this.#model.score(view.text, standing.reader);
    // An alarm must stand without what harmless texts say of secrets.
    const rest =
      whole.probability >= FLAG_AT ? standing.rest(view, withoutPlainSense(view, text)) : view.text;
    const again = rest === view.text ? whole : this.#model.score(rest, standing.reader);
    const { probability, start, end } = again.probability < whole.probability ? again : whole;
    if (probability < FLAG_AT || standing.channel === 'output') return probability;
    const foreign = isForeign(view.text.slice(start, end));
    if (probability >= standing.flagAt(view, start, end, foreign)) {
      if (!standing.counts(view, start, end)) return 0;
      const written = view.span(start, end);
      const english = readsEnglish(view.text.slice(start, end), text.slice(written.start, written.end));
      const sure = probability >= DENY_AT && standing.deniesAlone(view, english);
      const severity = standing.severity(view, sure ? 'high' : 'medium', start, end);
      findings.add(
        'injection',
        'learned',
        severity,
        Math.round(probability * 1_000) / 1_000,
        ['LLM01:2025', 'AML.T0051', 'CWE-1427'],
        view.span(start, end),
        view.chain,
      );
    }
    return probability;
  }

  #ruled(view: View, channel: InspectionRequest['channel'], findings: Findings): void {
    // What an operator or an earlier answer says is part of what the system is asked.
    const side = channel === 'document' || channel === 'output' ? channel : 'user';
    for (const { rule, start, end } of this.#rules.find(view.text, side)) {
      const { id, severity, references, mode } = rule;
      findings.add('rule', id, severity, 1, references, view.span(start, end), view.chain, mode === 'shadow');
    }
  }

  #obfuscation({ invisible, unread }: Canonical, text: string, findings: Findings): void {
    if (unread) findings.unread('readings', text);
    if (invisible && invisible.count > INVISIBLE_TOLERATED) {
      findings.add(
        'obfuscation',
        'invisible-characters',
        'medium',
        0.7,
        ['LLM01:2025', 'AML.T0068', 'CWE-1007'],
        invisible,
      );
    }
  }

  #injection(view: View, standing: Standing, findings: Findings): void {
    if (!standing.isJudged(view)) return;
    for (const number of KEYWORDS.awake(view.text)) {
      const rule = INJECTION_RULES[number];
      if (!rule?.channels.includes(standing.reader)) continue;
      let matches = 0;
      let milder = 0;
      for (const match of view.text.matchAll(rule.pattern)) {
        const end = match.index + match[0].length;
        if (!standing.counts(view, match.index, end)) continue;
        if (LOOSE_RULES.has(rule.id)) standing.loosely(view, end - match.index);
        const span = view.span(match.index, end);
        if (standing.isEveryday(rule.id, view, match.index, end)) {
          const { severity, confidence, references } = CORRECTION;
          if (++milder <= MATCHES_PER_RULE_MAX)
            findings.add('injection', CORRECTION.id, severity, confidence, references, span, view.chain);
          continue;
        }
        const severity = standing.severity(view, rule.severity, match.index, end);
        // What is only spoken of, or said by an earlier answer, however often, hides none that is as grave as the rule says.
        if (severity !== rule.severity && ++milder > MATCHES_PER_RULE_MAX) continue;
        findings.add('injection', rule.id, severity, rule.confidence, rule.references, span, view.chain);
        if (severity === rule.severity && ++matches === MATCHES_PER_RULE_MAX) break;
      }
    }
  }

  /** Secrets are case-sensitive: where a view keeps the spelling the original is searched, else letters of any case. */
  #secrets(
    { views, rewritten }: Canonical,
    { text, channel, seams = [] }: InspectionRequest,
    findings: Findings,
  ): void {
    const references = ['LLM02:2025', 'CWE-798', 'CWE-200'];
    for (const found of findSecrets(text, false, seams)) {
      if (beginsInsideOpaque(text, found.start, found.end, seams)) continue;
      findings.add('secret', found.id, found.severity, 0.9, references, found);
    }
    // Who talks a system into saying one has it turned round.
    if (channel === 'output')
      for (const found of findTurnedSecrets(text))
        if (!beginsInsideOpaque(text, found.start, found.end, seams))
          findings.add('secret', found.id, found.severity, 0.9, references, found, 'reversed');
    for (const view of views) {
      if (view.chain === '' && !rewritten) continue;
      for (const { id, severity, start, end } of findSecrets(view.text, true)) {
        const span = view.span(start, end);
        if (isByName(id) && isGivenToNothing(text, span.start, span.end)) continue;
        findings.add('secret', id, severity, 0.9, references, span, view.chain);
      }
    }
  }

  /** Links as written, and in what a client undoes before it shows a text: JSON escapes and entities. */
  #links({ views, rewritten }: Canonical, request: InspectionRequest, findings: Findings): void {
    const references = ['LLM05:2025', 'CWE-79', 'AML.T0057'];
    const context = { hosts: request.linkHosts ?? null, lead: request.lead ?? null };
    for (const find of [findTerminalSequences(request.text), findLinks(request.text, context)])
      for (const { technique, severity, confidence, ...span } of find)
        findings.add('link', technique, severity, confidence, references, span);
    for (const view of views) {
      if (view.chain === '' ? !rewritten : !SHOWN_AS.test(view.chain)) continue;
      for (const { technique, severity, confidence, start, end } of findLinks(view.text, context))
        findings.add('link', technique, severity, confidence, references, view.span(start, end), view.chain);
    }
  }

  #canaries(view: View, rewritten: boolean, { text, canaries }: InspectionRequest, findings: Findings): void {
    if (!canaries || canaries.length === 0) return;
    const refs = ['LLM07:2025', 'LLM02:2025', 'AML.T0056'];
    const add = (span: { start: number; end: number }): void =>
      findings.add('canary', 'canary-leak', 'critical', 0.99, refs, span, view.chain);
    if (view.chain === '') for (const span of findCanaries(text, canaries)) add(span);
    if (view.chain !== '' || rewritten)
      for (const { start, end } of findCanaries(view.text, canaries)) add(view.span(start, end));
  }

  #leaks(view: View, rewritten: boolean, request: InspectionRequest, findings: Findings): void {
    this.#canaries(view, rewritten, request, findings);
    if (request.echo) {
      const refs = ['LLM02:2025', 'AML.T0024', 'CWE-200'];
      for (const { start, end } of echoOf(request.echo).find(view.text))
        findings.add('training-echo', 'verbatim-run', 'high', 0.9, refs, view.span(start, end), view.chain);
    }
    if (request.systemPrompts && request.systemPrompts.length > 0) {
      for (const found of findPromptLeaks(view.text, request.systemPrompts)) {
        const span = view.span(found.start, found.end);
        findings.add(
          'system-prompt-leak',
          'verbatim-run',
          found.orders ? 'high' : 'medium',
          0.9,
          ['LLM07:2025', 'AML.T0056'],
          span,
          view.chain,
        );
      }
    }
  }

  /** Personal data as written, and in decoded layers; folding letters cannot make any. */
  #pii(
    { views, rewritten }: Canonical,
    { text, names, countries, own = [] }: InspectionRequest,
    findings: Findings,
  ): void {
    const add = (
      match: PiiMatch,
      said: string,
      span: { start: number; end: number },
      chain: string,
    ): void => {
      // A piece of a token is nobody's name.
      if (isOwn(said, own) || (match.confidence <= TAGGED_MAX && findings.holdsSecret(match))) return;
      if (chain === '' && insideOpaque(text, span.start, span.end)) return;
      const { entity, confidence, severity = PII_ENTITIES[entity] } = match;
      findings.add('pii', entity, severity, confidence, ['LLM02:2025', 'CWE-359'], span, chain);
    };
    const wanted = countries ? new Set(countries) : null;
    for (const match of names && this.#tagger ? findNames(text, this.#tagger, wanted) : findPii(text, wanted))
      add(match, text.slice(match.start, match.end), match, '');
    for (const view of views) {
      const among = AMONG.test(view.chain);
      if (view.chain === '' ? !rewritten : !among && !DECODED.test(view.chain)) continue;
      const read = view.text.toUpperCase();
      for (const match of findPii(read, wanted)) {
        if (among && !CHECKED.has(match.entity)) continue;
        const span = view.span(match.start, match.end);
        const said = read.slice(match.start, match.end);
        // What stands there as written was judged by its own words, which other letters stand for here.
        if (text.slice(span.start, span.end).toUpperCase().replaceAll(/\s/g, ' ') !== said)
          add(match, said, span, view.chain);
      }
    }
  }
}
