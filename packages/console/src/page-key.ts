const NAME = 'sallyport.page';

/** Where browsers keep nothing, a reload begins again. */
let held: string | null = null;

function made(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}

/**
 * What the pages of this origin hold, and send with everything that they ask. Browsers share cookies between the ports of a
 * host, but not this: a session that begins here opens nothing elsewhere, and none from elsewhere is taken here.
 */
function pageKey(): string {
  try {
    const known = localStorage.getItem(NAME);
    if (known !== null && /^[\w-]{43}$/.test(known)) return known;
    localStorage.setItem(NAME, made());
    return localStorage.getItem(NAME)!;
  } catch {
    held ??= made();
    return held;
  }
}

/** Headers of everything that a page asks. */
export const pageHeaders = (): Record<string, string> => ({ 'x-sallyport-page': pageKey() });
