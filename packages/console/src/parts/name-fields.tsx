import { PERSON_NAME_MARKS, PERSON_NAME_MAX } from '@sallyport/core';
import { type ReactElement, useId } from 'react';

/** Marks that the name to sign in with may have, as people read them. */
const MARKS = [...PERSON_NAME_MARKS].join(' ');

/** What a person is called: as people see it, and as they sign in. Each states its rule before anything is sent. */
export function NameFields({ own }: { own: boolean }): ReactElement {
  const [shown, account] = [useId(), useId()];
  return (
    <>
      <label className="field">
        <span>Display name</span>
        <input
          className="input"
          name="displayName"
          maxLength={128}
          autoComplete={own ? 'name' : 'off'}
          aria-describedby={shown}
        />
        <small id={shown} className="text-muted">
          As people see it: any letters, with spaces, 128 at most. Left empty, it is what you sign in with.
        </small>
      </label>
      <label className="field">
        <span>User name</span>
        <input
          className="input"
          name="name"
          required
          maxLength={PERSON_NAME_MAX}
          pattern={`\\s*[A-Za-z0-9${PERSON_NAME_MARKS.replace('-', '\\-')}]+\\s*`}
          title={`letters A to Z, digits and ${MARKS}, without spaces`}
          autoComplete={own ? 'username' : 'off'}
          autoCapitalize="none"
          aria-describedby={account}
        />
        <small id={account} className="text-muted">
          To sign in with: letters A to Z, digits and {MARKS}, without spaces, {PERSON_NAME_MAX} at most.
          Capitals count as small letters.
        </small>
      </label>
    </>
  );
}

/** What was entered, as the control plane takes it. */
export function namesOf(form: FormData): { name: string; displayName?: string } {
  const displayName = String(form.get('displayName') ?? '').trim();
  return { name: String(form.get('name')).trim(), ...(displayName === '' ? {} : { displayName }) };
}
