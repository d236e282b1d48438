import { useQuery } from '@tanstack/react-query';
import { queries } from './queries.ts';

/** A caller as people know it. */
export interface Caller {
  /** As the record has it. */
  readonly actor: string;
  /** What its key is called; null where that is not known here. */
  readonly name: string | null;
}

/** Every key that is known here as a caller, by name, and who a caller is. Who may see no keys sees their ids. */
export function useCallers(): { readonly all: readonly Caller[]; readonly of: (actor: string) => Caller } {
  const { data } = useQuery({ ...queries.keys, retry: false });
  const all = (data ?? [])
    .map(({ id, name }) => ({ actor: `key:${id}`, name }))
    .sort((a, b) => a.name.localeCompare(b.name));
  const names = new Map(all.map(({ actor, name }) => [actor, name]));
  return { all, of: (actor) => ({ actor, name: names.get(actor) ?? null }) };
}
