import type { Grammar } from '../grammar.ts';

/** What an attack is made of in one language, and what everyday talk shares with it. */
export interface Phrases {
  /** BCP 47 language tag. */
  readonly tag: string;
  /** Ways to set something aside; `{x}` is what. */
  readonly override: readonly string[];
  /** What a model has been told. */
  readonly instructions: readonly string[];
  /** Ways to ask for something; `{x}` is what. */
  readonly reveal: readonly string[];
  /** What a model keeps to itself. */
  readonly secrets: readonly string[];
  /** Whole sentences that give the model another role or lift its limits. */
  readonly role: readonly string[];
  /** Whole sentences that order something. */
  readonly order: readonly string[];
  /** What pretends to come from someone in charge. */
  readonly authority: readonly string[];
  /** What people set aside or ask for in everyday life. */
  readonly things: readonly string[];
  /** Everyday sentences, some of which speak of rules, passwords and prompts. */
  readonly everyday: readonly string[];
}

const within = (templates: readonly string[], symbol: string): string[] =>
  templates.map((template) => template.replace('{x}', `{${symbol}}`));

/** The grammar of a language: `attack` and `everyday` are its beginnings. */
export function toGrammar(phrases: Phrases): Grammar {
  const { instructions, secrets, role, order, authority, things, everyday } = phrases;
  return {
    attack: [
      '{Override}. {Order}.',
      '{Override}. {Order}.',
      '{Override}',
      '{Override}! {Order}!',
      '{authority} {Override}. {Order}.',
      '{authority} {Order}.',
      '{authority} {Reveal}',
      '{Reveal}',
      '{Reveal}',
      '{Reveal}?',
      '{Override}. {Reveal}',
      '{Role}. {Order}.',
      '{Role}.',
      '{Role}. {Reveal}',
      '{Override}. {Role}.',
      '{talk} {Override}. {Order}.',
      '{talk} {Reveal}',
      '{talk} {Role}. {Order}.',
      '{Override}. {talk}',
      '{authority} {Role}.',
    ],
    override: within(phrases.override, 'instructions'),
    reveal: within(phrases.reveal, 'secrets'),
    instructions,
    secrets,
    role,
    order,
    authority,
    things,
    talk: everyday,
    everyday: [
      '{talk}',
      '{talk}',
      '{talk} {talk}',
      '{Set-aside}',
      '{Set-aside}.',
      '{Ask-for}',
      '{Ask-for}?',
      '{talk} {Ask-for}',
      '{Set-aside}. {talk}',
    ],
    'set-aside': within(phrases.override, 'things'),
    'ask-for': within(phrases.reveal, 'things'),
  };
}
