import { type ReactElement, useState } from 'react';

/** A button that copies a text. @param what it is, for those who do not see what it stands beside */
export function CopyButton({ text, what }: { text: string; what?: string }): ReactElement {
  const [copied, setCopied] = useState(false);
  return (
    <button
      type="button"
      className="button"
      {...(what === undefined ? {} : { 'aria-label': `Copy the ${what}` })}
      onClick={() => void navigator.clipboard?.writeText(text).then(() => setCopied(true))}
    >
      {copied ? 'Copied' : 'Copy'}
    </button>
  );
}

/** A text to take along, with a button that copies it. */
export function Copyable({ text, label }: { text: string; label: string }): ReactElement {
  return (
    <div className="flex items-start gap-2">
      <pre
        className="flex-1 overflow-auto rounded-md border border-line bg-ground p-2 whitespace-pre-wrap break-all"
        // A long text scrolls, and what scrolls must be reachable by keyboard.
        tabIndex={0}
        role="region"
        aria-label={label}
      >
        {text}
      </pre>
      <CopyButton text={text} />
    </div>
  );
}
