import { type ReactElement, useState } from 'react';

/** A text to take along, with a button that copies it. */
export function Copyable({ text, label }: { text: string; label: string }): ReactElement {
  const [copied, setCopied] = useState(false);
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
      <button
        type="button"
        className="button"
        onClick={() => void navigator.clipboard?.writeText(text).then(() => setCopied(true))}
      >
        {copied ? 'Copied' : 'Copy'}
      </button>
    </div>
  );
}
