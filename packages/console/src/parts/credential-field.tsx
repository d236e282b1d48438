import { useQuery } from '@tanstack/react-query';
import { type ComponentProps, type ReactElement, useId } from 'react';
import type { Nameable } from '../api.ts';
import { queries } from '../queries.ts';
import { Copyable } from './copy.tsx';

/** Asks where a system's credential is kept, and says which places may be named here. */
export function CredentialField(
  own: Pick<ComponentProps<'input'>, 'defaultValue' | 'placeholder' | 'onChange'>,
): ReactElement {
  const { data } = useQuery(queries.nameable);
  const hint = useId();
  const list = useId();
  return (
    <div className="grid gap-1">
      <label className="field">
        <span>Where its credential is kept (never the credential itself)</span>
        <input
          className="input"
          name="apiKeyRef"
          pattern="(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)"
          title="env:VARIABLE or file:PATH"
          autoComplete="off"
          list={list}
          aria-describedby={hint}
          {...own}
        />
      </label>
      <datalist id={list}>
        {data?.references.map((ref) => (
          <option key={ref} value={ref} />
        ))}
      </datalist>
      <small id={hint} className="text-muted">
        {data ? allowed(data) : ''} Empty: calls carry no credential.
      </small>
    </div>
  );
}

/** Which places may be named, in words. */
function allowed({ references, folder }: Nameable): string {
  const all = [...references, ...(folder === null ? [] : [`file:NAME, a file in ${folder}`])];
  return all.length === 0
    ? 'From here none may be named yet: write env:VARIABLE or file:PATH, and you are shown the command that names it.'
    : `May be named here: ${all.join('; ')}. For another you are shown the command that names it.`;
}

/** Whether the server would refuse a reference that is named here. */
const needsCommand = (ref: string, { references, folder }: Nameable): boolean =>
  /^(?:env:[A-Za-z_]|file:.)/.test(ref) &&
  !references.includes(ref) &&
  !(
    ref.startsWith('file:') &&
    folder !== null &&
    (!ref.startsWith('file:/') || ref.startsWith(`file:${folder}/`))
  );

/** A word of a command line. */
const word = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

/**
 * The command to type where a reference may not be named here; nothing where it may.
 * @param before the command up to `--api-key-ref`
 */
export function CredentialCommand({
  reference,
  before,
}: {
  reference: string;
  before: readonly string[];
}): ReactElement | null {
  const { data } = useQuery(queries.nameable);
  if (!data || !needsCommand(reference, data)) return null;
  const command = ['npx', 'sallyport', ...before, '--api-key-ref', reference].map(word).join(' ');
  return (
    <div className="grid gap-2" role="status">
      <p>
        {reference} may not be named here yet. Type this on the machine of the server instead: it names it,
        and tests the connection.
        {reference.startsWith('env:')
          ? ` ${reference.slice(4)} must be set in the environment in which the server was started.`
          : ''}
      </p>
      <Copyable text={command} label="The command" />
      <p className="text-muted">
        To allow it here for good, list it under <code>secrets</code> in sallyport.yaml.
      </p>
    </div>
  );
}
