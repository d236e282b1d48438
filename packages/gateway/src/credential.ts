/** What stands in an answer instead of the provider's credential. */
const INSTEAD = '[CREDENTIAL]';

/** An answer without the credential, however JSON escapes it. */
export function withoutCredential(body: Buffer, credential: string): Buffer {
  const written = JSON.stringify(credential).slice(1, -1);
  const text = body.toString();
  const escapes = text.includes('\\');
  if (!escapes) return text.includes(credential) ? Buffer.from(text.replaceAll(credential, INSTEAD)) : body;
  let plain: string;
  try {
    plain = JSON.stringify(JSON.parse(text));
  } catch {
    // What is no JSON is refused later.
    return body;
  }
  return plain.includes(written) ? Buffer.from(plain.replaceAll(written, INSTEAD)) : body;
}

/** Whether an event of a stream holds the credential, however JSON escapes it. */
export function holdsCredential(json: string, credential: string): boolean {
  const body = Buffer.from(json);
  return withoutCredential(body, credential) !== body;
}
