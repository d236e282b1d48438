import { type ReactElement, useId } from 'react';

/** Asks which models clients may list. */
export function ModelsField({ models = [] }: { models?: readonly string[] }): ReactElement {
  const hint = useId();
  return (
    <label className="field">
      <span>Models (optional)</span>
      <input
        className="input"
        name="models"
        defaultValue={models.join(' ')}
        placeholder="gpt-4o gpt-4o-mini"
        autoComplete="off"
        aria-describedby={hint}
      />
      <small id={hint} className="text-muted">
        Clients that list models see these. Others can be called too, by their name.
      </small>
    </label>
  );
}

/** The models that a form names. */
export const modelsIn = (form: FormData): string[] =>
  String(form.get('models') ?? '')
    .split(/[\s,]+/)
    .filter((name) => name !== '');
