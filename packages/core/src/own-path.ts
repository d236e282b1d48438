/** Longest path that is taken. */
const CHARACTERS_MAX = 512;
/** What a page of ours may be called. It is a name that cannot be reached, so that nothing else has it. */
const SITE = 'http://own.invalid';
/** Not pages: the way to the provider would lead round in circles. */
const NO_PAGE = /^\/(?:api|scim|sign-on|token)(?:[/?#]|$)/i;

/**
 * A page of our own that a text names, as path, query and fragment; null where a browser could read anything else in it
 * (WHATWG URL Standard: browsers drop tabs and line ends, take a backslash for a slash, and two slashes for a host).
 */
export function ownPath(text: string | null | undefined): string | null {
  // Printable ASCII, as it stands in the address of a page; no backslash.
  if (typeof text !== 'string' || text.length > CHARACTERS_MAX || !/^\/[!-[\]-~]*$/.test(text)) return null;
  if (!URL.canParse(text, SITE)) return null;
  const { origin, pathname, search, hash } = new URL(text, SITE);
  // A router decodes a path before it goes there: what would be a slash or a control character then is refused now.
  if (origin !== SITE || pathname.includes('//') || /%(?:[01][0-9a-f]|2f|5c|7f)/i.test(pathname)) return null;
  return NO_PAGE.test(pathname) ? null : pathname + search + hash;
}
