/** What keys are kept for. Each has key-encryption keys of its own; a new one is a row here. */
export const KEY_PURPOSES = {
  system: { owned: true, about: 'what is said to and by one system' },
  pseudonyms: { owned: true, about: 'placeholders of one system for personal data' },
  subject: { owned: true, about: 'what is kept of one person' },
  artefact: { owned: false, about: 'models and data sets of the registry' },
  people: { owned: false, about: 'second factors and provider secrets of people' },
  signing: { owned: false, about: 'the keys that sign the log and statements' },
  tls: { owned: false, about: 'the authority that issues certificates of listeners' },
  backup: { owned: false, about: 'what opens the backups that were made here' },
  demo: { owned: false, about: 'API keys of the demonstration' },
} as const satisfies Readonly<Record<string, { readonly owned: boolean; readonly about: string }>>;
/** A row of {@link KEY_PURPOSES}. */
export type KeyPurpose = keyof typeof KEY_PURPOSES;

/** Purpose and owner of what data keys are asked for: `system:helpdesk`, `people`. @throws RangeError for a purpose nobody knows */
export function splitPurpose(text: string): { readonly purpose: KeyPurpose; readonly owner: string } {
  const colon = text.indexOf(':');
  const purpose = colon < 0 ? text : text.slice(0, colon);
  if (!Object.hasOwn(KEY_PURPOSES, purpose)) throw new RangeError(`there is no purpose \`${purpose}\``);
  const known = purpose as KeyPurpose;
  return { purpose: known, owner: KEY_PURPOSES[known].owned ? text.slice(colon + 1) : '' };
}
