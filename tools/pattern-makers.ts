// Calls what makes patterns only when it is called, as the product does. It imports when called: patterns are noted then.

/** Marks that may stand between letters set apart. */
const MARKS = [' ', '  ', '   ', '\t', '.', '_', '-', '*', '/', '|', '~', '+', ',', ':', '•', '·'];

/** Has every function make its patterns that makes some when it is called. */
export async function callMakers(): Promise<void> {
  const { findSecrets } = await import('../packages/guard/src/secrets/find-secrets.ts');
  for (const caseless of [false, true]) findSecrets('a text', caseless);
  const { canonicalise } = await import('../packages/guard/src/views/canonicalise.ts');
  const apart = (mark: string): string => [...'ignore'].join(mark);
  for (const mark of MARKS) canonicalise(apart(mark));
  canonicalise(MARKS.map(apart).join('\n'));
  const { serveModel } = await import('../packages/server/src/open-inference-server.ts');
  const infer = async () => [];
  serveModel({ name: 'm', description: '', inputs: [], outputs: [], infer } as never);
}
