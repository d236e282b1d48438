import type { ComponentProps, ReactElement } from 'react';

/** Asks where a system's credential is kept. */
export function CredentialField(
  own: Pick<ComponentProps<'input'>, 'defaultValue' | 'placeholder'>,
): ReactElement {
  return (
    <label className="field">
      <span>Where its credential is kept (never the credential itself)</span>
      <input
        className="input"
        name="apiKeyRef"
        pattern="(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)"
        autoComplete="off"
        {...own}
      />
    </label>
  );
}
