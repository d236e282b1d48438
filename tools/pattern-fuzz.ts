// Times every pattern on texts that its own grammar makes: pieces of it, repeated, behind what leads to them.
import { Worker } from 'node:worker_threads';
import { type AST, RegExpParser } from '@eslint-community/regexpp';
import type { Pattern } from './patterns.ts';

/** A text for a pattern: `unit` again and again between the others. */
export interface Probe extends Pattern {
  readonly prefix: string;
  readonly unit: string;
  readonly suffix: string;
}

const UNIT_MAX = 256;

const CANDIDATES = [
  ...'aA0_z.- :/\\@#"\'`()[]{}<>*+?=&%$!,;|~^\n\t\r',
  ...'éßа中ひกع한नא\u200b\u0301٣\u{1f642}\u00a0\u2028·•–⠁⠀',
  ...Array.from({ length: 128 }, (_, c) => String.fromCharCode(c)),
];
const FILLERS = ['', '\n', '!', '\0', ' ', 'a'];

/** Numbers that look random and are the same for one seed. */
export function numbers(seed: number): (below: number) => number {
  let state = seed >>> 0 || 1;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Makes texts that pieces of a pattern match. */
class Sampler {
  readonly #flags: string;
  readonly #below: (n: number) => number;
  readonly #known = new Map<string, string[]>();

  constructor(flags: string, below: (n: number) => number) {
    this.#flags = flags.replaceAll(/[gy]/g, '');
    this.#below = below;
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.#below(list.length)]!;
  }

  /** Characters that a class takes. */
  #of(raw: string): string {
    let known = this.#known.get(raw);
    if (!known) {
      const one = new RegExp(`^(?:${raw})$`, this.#flags);
      known = CANDIDATES.filter((candidate) => one.test(candidate));
      this.#known.set(raw, known);
    }
    return known.length === 0 ? '' : this.#pick(known);
  }

  element(node: AST.Element): string {
    switch (node.type) {
      case 'Character':
        return String.fromCodePoint(node.value);
      case 'CharacterClass':
      case 'CharacterSet':
      case 'ExpressionCharacterClass':
        return this.#of(node.raw);
      case 'Group':
      case 'CapturingGroup':
        return this.alternative(this.#pick(node.alternatives));
      case 'Quantifier': {
        const times = Math.min(node.max, node.min + this.#below(3));
        let text = '';
        for (let i = 0; i < times && text.length < UNIT_MAX; i++) text += this.element(node.element);
        return text;
      }
      default:
        return '';
    }
  }

  alternative({ elements }: { readonly elements: readonly AST.Element[] }): string {
    return elements.map((one) => this.element(one)).join('');
  }

  /** Texts within a list of alternatives, each with what stands before it. */
  *within(
    alternatives: readonly AST.Alternative[],
    before: string,
  ): Generator<{ prefix: string; unit: string }> {
    for (const one of alternatives) {
      yield { prefix: before, unit: this.alternative(one) };
      let prefix = before;
      for (const [i, element] of one.elements.entries()) {
        yield { prefix, unit: this.element(element) };
        yield { prefix, unit: this.alternative({ elements: one.elements.slice(i, i + 2) }) };
        yield { prefix: before, unit: this.alternative({ elements: one.elements.slice(0, i) }) };
        const inner = element.type === 'Quantifier' ? element.element : element;
        if (element.type === 'Quantifier') yield { prefix, unit: this.element(inner as AST.Element) };
        if ('alternatives' in inner) yield* this.within(inner.alternatives, prefix);
        prefix += this.element(element);
      }
    }
  }
}

/** Probes for a pattern. @param count how many at most */
export function probesFor(pattern: Pattern, count: number, seed: number): Probe[] {
  const below = numbers(seed);
  const { source, flags } = pattern;
  const [unicode, unicodeSets] = [flags.includes('u'), flags.includes('v')];
  const ast = new RegExpParser().parsePattern(source, 0, source.length, { unicode, unicodeSets });
  const sampler = new Sampler(flags, below);
  const seen = new Map<string, Probe>();
  for (let round = 0; round < 4 && seen.size < 4 * count; round++)
    for (const { prefix, unit } of sampler.within(ast.alternatives, '')) {
      if (unit === '' || unit.length > UNIT_MAX) continue;
      const suffix = FILLERS[below(FILLERS.length)]!;
      // Half of the texts begin as the pattern does, half with what is repeated.
      const probe = { ...pattern, prefix: below(2) === 0 ? prefix.slice(0, UNIT_MAX) : '', unit, suffix };
      seen.set(JSON.stringify([probe.prefix, unit, suffix]), probe);
    }
  const all = [...seen.values()];
  const chosen: Probe[] = [];
  while (chosen.length < count && all.length > 0) chosen.push(...all.splice(below(all.length), 1));
  return chosen;
}

/** A probe that took more than linear time. */
export interface Slow {
  readonly probe: Probe;
  readonly said: string;
}

/**
 * Runs probes in a thread that is ended where it gets stuck.
 * @param thorough on longer texts, which takes longer
 * @param stuckMs longest that one probe may take before its pattern is given up, in processor time
 */
export async function runProbes(
  probes: readonly Probe[],
  thorough: boolean,
  stuckMs: number,
): Promise<Slow[]> {
  const slow: Slow[] = [];
  for (let rest = probes; rest.length > 0; ) {
    const thread = new Worker(new URL('./pattern-thread.ts', import.meta.url));
    const batch = rest;
    rest = await new Promise((done, fail) => {
      let at = 0;
      let timer: NodeJS.Timeout | undefined;
      // This thread only waits: what the process spends, the probe spends.
      let begun = process.cpuUsage();
      const wait = (): void => {
        clearTimeout(timer);
        timer = setTimeout(() => {
          const { user, system } = process.cpuUsage(begun);
          if ((user + system) / 1000 < stuckMs) return wait();
          slow.push({ probe: batch[at]!, said: `not within ${stuckMs} ms` });
          // Others of this pattern would be stuck as well.
          done(batch.slice(at + 1).filter(({ source }) => source !== batch[at]!.source));
        }, stuckMs);
      };
      const watch = (): void => {
        begun = process.cpuUsage();
        wait();
      };
      watch();
      thread.on('message', (message: { n: number; said?: string; done?: true }) => {
        if (message.done) return done([]);
        at = message.n;
        if (message.said === undefined) watch();
        else slow.push({ probe: batch[at]!, said: message.said });
      });
      thread.on('error', fail);
      thread.postMessage({ probes: batch, thorough });
      thread.once('exit', () => clearTimeout(timer));
    });
    await thread.terminate();
  }
  return slow;
}
