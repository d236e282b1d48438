import type { Control } from '../control.ts';
import type { KnownSystem } from '../snapshot.ts';

/** The credential that a system names. */
export interface NamedCredential {
  readonly system: string;
  readonly ref: string;
  /** Why it holds nothing that could be sent; null where it does. */
  readonly lack: string | null;
}

/** Credentials that systems name, and why calls could not carry one. Demonstrations have none. */
export async function credentialsOf(
  control: Control,
  systems?: readonly KnownSystem[],
): Promise<NamedCredential[]> {
  const rows = await control.secrets.list();
  return (systems ?? (await control.systems())).flatMap((system) => {
    const { apiKeyRef: ref } = system.config;
    if (ref === undefined) return [];
    return [{ system: system.name, ref, lack: control.references.lack(system, rows) }];
  });
}

/** What to do where a credential holds nothing. */
export const remedyOf = ({ system, ref }: NamedCredential): string =>
  ref.startsWith('env:')
    ? `set ${ref.slice(4)} in the environment of the server and restart, or name another: sallyport upstream edit ${system} --api-key-ref REF`
    : `put the file there, or name another: sallyport upstream edit ${system} --api-key-ref REF`;
