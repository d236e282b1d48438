import { allFakers, type Faker } from '@faker-js/faker';
import { AROUND, CLAUSES } from './clauses.ts';
import { ORGANISATIONS, PLACES } from './known.ts';
import { NATIONS, TEMPLATES, TITLES, WORDS } from './templates.ts';

/** A text with the names in it. */
export interface Labelled {
  readonly text: string;
  readonly spans: readonly { readonly kind: NameSlot; readonly start: number; readonly end: number }[];
}

/** What a slot of a template is labelled as. */
export type NameSlot = 'person' | 'place' | 'organisation' | 'address' | 'title' | 'belief';

const KIND: Readonly<Record<string, NameSlot | null>> = {
  person: 'person',
  first: 'person',
  last: 'person',
  title: 'title',
  job: 'title',
  place: 'place',
  country: 'place',
  address: 'address',
  street: 'address',
  unit: 'address',
  zip: 'address',
  org: 'organisation',
  nation: 'belief',
};

/** Locales whose names are written in letters that the tagger reads: Latin, Greek, Cyrillic. */
const LOCALES = [
  'en_US',
  'en_US',
  'en_US',
  'en_GB',
  'en_GB',
  'en_CA',
  'en_AU',
  'en_IE',
  'en_IN',
  'en_NG',
  'en_ZA',
  'de',
  'de_AT',
  'de_CH',
  'fr',
  'fr_BE',
  'fr_CA',
  'fr_CH',
  'es',
  'es_MX',
  'it',
  'nl',
  'nl_BE',
  'pt_PT',
  'pt_BR',
  'sv',
  'nb_NO',
  'da',
  'fi',
  'pl',
  'cs_CZ',
  'sk',
  'hu',
  'ro',
  'hr',
  'tr',
  'id_ID',
  'vi',
  'el',
  'ru',
  'uk',
  'lv',
  'eo',
  'af_ZA',
  'zu_ZA',
] as const;

/** Draws from a generator that repeats. */
export class Corpus {
  readonly #fakers: Faker[];
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
    this.#fakers = LOCALES.map((locale, n) => {
      const faker = (allFakers as Record<string, Faker>)[locale]!;
      faker.seed(seed + n);
      return faker;
    });
  }

  below(bound: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.#state / 2 ** 32) * bound);
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  /** Some locales lack some lists; English has all. */
  #say(make: (faker: Faker) => string): string {
    try {
      return make(this.pick(this.#fakers));
    } catch {
      return make(this.#fakers[0]!);
    }
  }

  #initial(): string {
    return `${'ABCDEFGHIJKLMNOPRSTVW'[this.below(21)]}`;
  }

  #fill(slot: string): string {
    const say = (make: (faker: Faker) => string): string => this.#say(make);
    const first = (): string => say((f) => f.person.firstName());
    const last = (): string => say((f) => f.person.lastName());
    switch (slot) {
      case 'person':
        return this.pick([
          () => say((f) => `${f.person.firstName()} ${f.person.lastName()}`),
          () => say((f) => `${f.person.firstName()} ${f.person.lastName()}`),
          () =>
            say(
              (f) =>
                `${f.person.firstName()} ${this.#initial()}${this.pick(['.', ''])} ${f.person.lastName()}`,
            ),
          () => say((f) => `${f.person.firstName()} ${f.person.firstName()} ${f.person.lastName()}`),
          () => say((f) => `${f.person.firstName()} ${f.person.lastName()}-${f.person.lastName()}`),
          first,
          first,
          last,
        ])();
      case 'first':
        return first();
      case 'last':
        return last();
      case 'title':
        return this.pick(TITLES);
      case 'job':
        return this.#fakers[0]!.person.jobTitle().toLowerCase();
      case 'place':
        if (this.below(5) < 2) return this.pick(PLACES);
        return this.below(9) === 0
          ? say((f) => f.location.city()).toUpperCase()
          : this.below(7) === 0
            ? say((f) => f.location.state())
            : say((f) => f.location.city());
      case 'country':
        return this.#fakers[0]!.location.country();
      case 'street':
        return say((f) => f.location.streetAddress());
      case 'unit':
        return this.pick([
          () => `Apt. ${this.below(999) + 1}`,
          () => `Suite ${this.below(999) + 1}`,
          () => `Unit ${this.below(99) + 1}`,
          () => `Flat ${this.below(99) + 1}`,
          () => `${this.pick(['Floor', 'Room', 'Building'])} ${this.below(40) + 1}`,
        ])();
      case 'zip':
        return say((f) => f.location.zipCode());
      case 'address': {
        const gap = this.pick([', ', '\n', '\n ', ' ', ',\n']);
        return [
          say((f) => f.location.streetAddress()),
          ...(this.below(3) === 0 ? [this.#fill('unit')] : []),
          this.pick([
            () => say((f) => `${f.location.zipCode()} ${f.location.city()}`),
            () =>
              say(
                (f) =>
                  `${f.location.city()}, ${f.location.state({ abbreviated: true })} ${f.location.zipCode()}`,
              ),
            () => say((f) => `${f.location.city()} ${f.location.zipCode()}`),
            () => say((f) => f.location.city()),
          ])(),
          ...(this.below(2) === 0 ? [this.#fakers[0]!.location.country()] : []),
        ].join(gap);
      }
      case 'org': {
        if (this.below(5) === 0) return this.pick(ORGANISATIONS);
        const word = (): string => say((f) => f.person.lastName());
        const coined = (): string => {
          const parts =
            'ver nex tri lum cor dat syn ard mic pal zen opt vel qui tel max bri fin sol med pro geo net sky arc'.split(
              ' ',
            );
          const made =
            this.pick(parts) +
            this.pick(parts) +
            this.pick(['', 'a', 'ix', 'on', 'ia', 'ly', 'io', 'ex', 'ity']);
          return made[0]!.toUpperCase() + made.slice(1);
        };
        const noun = (): string =>
          this.pick(
            'Health Credit Solar Data Green Urban Global First United Pacific Northern Royal Smart Cloud Bright Open Rapid Blue Silver Home Food Travel Energy Water Digital Mobile'.split(
              ' ',
            ),
          );
        const what = (): string =>
          this.pick(
            'Systems Solutions Capital Partners Bank Insurance Group Labs Software Media Foods Airlines University Hospital Institute Foundation Consulting Logistics Motors Pharma Networks Technologies Holdings Studios Energy Services'.split(
              ' ',
            ),
          );
        const form = (): string =>
          this.pick([
            'Inc',
            'Inc.',
            'LLC',
            'Ltd',
            'Ltd.',
            'GmbH',
            'AG',
            'S.A.',
            'Corp',
            'Corporation',
            'Company',
            'plc',
            'B.V.',
            'AB',
          ]);
        return this.pick([
          () => say((f) => f.company.name()),
          () => say((f) => f.company.name()),
          () => `${word()}-${word()}`,
          () => `${word()}, ${word()} and ${word()}`,
          () => `${word()} ${form()}`,
          coined,
          () => `${coined()} ${this.pick([form, what])()}`,
          () => `${noun()} ${what()}`,
          () => `${noun()}${this.pick(['ly', 'hub', 'base', 'works', 'wise', 'point'])}`,
          () => `${word()} & ${word()}`,
          () => `${what()} of ${say((f) => f.location.city())}`,
        ])();
      }
      case 'nation':
        return this.pick(NATIONS) + (this.below(12) === 0 ? 's' : '');
      case 'number':
        return String(this.below(10 ** (1 + this.below(9))));
      case 'date':
        return this.pick([
          () => `${this.below(28) + 1}/${this.below(12) + 1}/${1940 + this.below(85)}`,
          () =>
            `${1940 + this.below(85)}-${String(this.below(12) + 1).padStart(2, '0')}-${String(this.below(28) + 1).padStart(2, '0')}`,
          () => String(1940 + this.below(85)),
          () => this.pick('Monday Tuesday Wednesday Thursday Friday Saturday Sunday'.split(' ')),
          () =>
            `${this.below(28) + 1} ${this.pick('January February March April May June July August September October November December'.split(' '))} ${1940 + this.below(85)}`,
          () => `${this.pick('January March April May June October'.split(' '))} ${this.below(28) + 1}`,
        ])();
      case 'time':
        return `${this.below(24)}:${String(this.below(60)).padStart(2, '0')}`;
      case 'phone':
        return say((f) => f.phone.number());
      case 'email':
        return this.#fakers[0]!.internet.email();
      case 'url':
        return this.#fakers[0]!.internet.url();
      case 'amount':
        return this.pick([
          `$${this.below(9_000) + 1}`,
          `${this.below(9_000) + 1} euros`,
          `£${this.below(90)}.50`,
        ]);
      default:
        return this.pick(AROUND[slot] ?? WORDS);
    }
  }

  /** One text: a template filled in, at times several in a row, at times without capitals. */
  next(): Labelled {
    let text = '';
    const spans: { kind: NameSlot; start: number; end: number }[] = [];
    const many = this.below(3) === 0 ? 2 + this.below(3) : 1;
    for (let n = 0; n < many; n++) {
      if (n > 0) text += this.pick([' ', '\n', ' ']);
      for (const part of this.pick(this.below(2) === 0 ? CLAUSES : TEMPLATES).split(/(\{[a-z]+\})/)) {
        const slot = /^\{([a-z]+)\}$/.exec(part)?.[1];
        if (slot === undefined) {
          text += part;
          continue;
        }
        const value = this.#fill(slot);
        const kind = KIND[slot];
        if (kind) spans.push({ kind, start: text.length, end: text.length + value.length });
        text += value;
      }
    }
    const turn = this.below(12);
    const cased = turn === 0 ? text.toLowerCase() : turn === 1 ? text.toUpperCase() : text;
    // A change of case that changes lengths would move the names.
    return { text: cased.length === text.length ? cased : text, spans };
  }
}
