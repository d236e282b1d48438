import type { Call } from './rights-calls.ts';
import type { Identity } from './rights-model.ts';
import { ID, type Moment, type Row } from './rights-rows.ts';

/** Of calls that are known to be refused, one of so many is made all the same. */
const TRIED_ANYWAY = 50;
/** Tables whose rows calls name by their ids. */
const NAMED = [
  'people',
  'grants',
  'programs',
  'api_keys',
  'groups',
  'holds',
  'data_sources',
  'systems',
] as const;

const shapes = new WeakMap<Row, string>();
/** What a row says, without ids and times. */
function shapeOf(row: Row): string {
  const known = shapes.get(row);
  if (known !== undefined) return known;
  const { id: _, hash: __, prefix: ___, ...values } = row.values;
  const shape = JSON.stringify(values)
    .replaceAll(ID, '')
    .replaceAll(/"\d{4}-\d\d-\d\dT[^"]*"/g, '""');
  shapes.set(row, shape);
  return shape;
}

/** What is named by ids at a moment: itself, what roles it holds, and the same of all that it refers to. */
class Named {
  readonly #rows: ReadonlyMap<unknown, Row>;
  readonly #grants = new Map<unknown, string[]>();
  readonly #told = new Map<string, string>();

  constructor(moment: Moment) {
    this.#rows = new Map(
      NAMED.flatMap((table) => (moment.get(table) ?? []).map((row) => [row.values['id'], row])),
    );
    for (const row of moment.get('grants') ?? []) {
      const id = String(row.values['holder']).replace(/^.*:/, '');
      this.#grants.set(id, [...(this.#grants.get(id) ?? []), shapeOf(row)].sort());
    }
  }

  #own(id: string): string {
    const row = this.#rows.get(id);
    return row ? [shapeOf(row), ...(this.#grants.get(id) ?? [])].join() : '';
  }

  of(id: string): string {
    const known = this.#told.get(id);
    if (known !== undefined) return known;
    const row = this.#rows.get(id);
    const others = row ? (JSON.stringify(row.values).match(ID) ?? []) : [];
    const told = [id, ...others.filter((one) => one !== id)].map((one) => this.#own(one)).join(' > ');
    this.#told.set(id, told);
    return told;
  }
}

/**
 * Calls that no role of an identity permits. Whether one does is said by the roles it holds and by what the call names,
 * with whose it is and what roles those hold, and by nothing else of a state: what was refused so is refused so again. One in
 * {@link TRIED_ANYWAY} is made all the same, and must be.
 */
export class KnownRefusals {
  readonly #known = new Set<string>();
  readonly #moments = new WeakMap<Moment, Named>();
  /** Calls that were not made. */
  spared = 0;
  /** Calls that were known to be refused, and were made all the same. */
  checked = 0;
  #met = 0;

  /** What decides about a call. */
  keyOf(moment: Moment, who: Identity, { method, path, body }: Call): string {
    const named = this.#moments.get(moment) ?? new Named(moment);
    this.#moments.set(moment, named);
    const said = `${method} ${path} ${JSON.stringify(body ?? {})}`.replaceAll(ID, (id) =>
      id === who.id ? 'self' : named.of(id),
    );
    return `${who.kind} ${named.of(who.id)} ${said}`;
  }

  /** Whether a call need not be made. */
  has(key: string): boolean {
    if (!this.#known.has(key)) return false;
    this.#met++;
    const isSpared = this.#met % TRIED_ANYWAY !== 0;
    if (isSpared) this.spared++;
    else this.checked++;
    return isSpared;
  }

  /** Notes how a call was answered. @throws Error where one that was refused before is done */
  note(key: string, status: number, text: string): void {
    const isRefused = status === 403 && text.includes('no role of yours permits');
    if (isRefused) this.#known.add(key);
    else if (status < 300 && this.#known.has(key)) throw new Error(`refused before, and done now: ${key}`);
  }
}
