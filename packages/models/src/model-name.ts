/** Sources of patterns for the name of a model in a path, escaped as SDKs do it: its slashes may stand in it, or must be escaped. */
export const MODEL_IN_PATH = {
  slashes: '(?:[\\w.:@/-]|%[0-9a-fA-F]{2}){1,512}',
  escaped: '(?:[\\w.:@-]|%[0-9a-fA-F]{2}){1,512}',
};

/** Such as `meta-llama/Llama-3.1-8B`; no part of it is a step to another place. */
const NAME = /^[\w@][\w.:@-]{0,127}(?:\/[\w@][\w.:@-]{0,127}){0,7}$/;

/** The name of a model as a path writes it; null for what is none. */
export function modelOf(written: string): string | null {
  try {
    const name = decodeURIComponent(written);
    return NAME.test(name) ? name : null;
  } catch {
    return null;
  }
}
