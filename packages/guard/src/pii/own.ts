const ADDRESS = /^(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f]{0,4}:[0-9a-f:.]{1,40})$/i;

/** A value as it is compared: of numbers the figures, of other things the letters in one case. */
const plain = (value: string): string =>
  /\p{L}/u.test(value) || ADDRESS.test(value) ? value.toLowerCase() : value.replaceAll(/[^\d+]/g, '');

const ready = new WeakMap<readonly string[], ReadonlySet<string>>();

/** Whether a value is one of those that belong to the operator. @param own values, or `@example.com` for a domain's mailboxes */
export function isOwn(value: string, own: readonly string[]): boolean {
  let values = ready.get(own);
  if (!values) {
    values = new Set(own.map(plain));
    ready.set(own, values);
  }
  const at = value.lastIndexOf('@');
  return values.has(plain(value)) || (at >= 0 && values.has(value.slice(at).toLowerCase()));
}
