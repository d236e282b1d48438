import { type ReactElement, type ReactNode, useEffect, useId, useRef } from 'react';

/** A modal dialog: the browser's own, which keeps the focus and closes on Escape. */
export function Dialog({
  title,
  open,
  onClose,
  children,
}: {
  title: string;
  open: boolean;
  onClose: () => void;
  children: ReactNode;
}): ReactElement {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = ref.current!;
    if (open && !dialog.open) dialog.showModal();
    if (!open && dialog.open) dialog.close();
  }, [open]);
  return (
    <dialog ref={ref} aria-labelledby={id} onClose={onClose}>
      {open ? (
        <>
          <div className="mb-3 flex items-start justify-between gap-4">
            <h2 id={id}>{title}</h2>
            <button type="button" className="button" onClick={onClose}>
              Close
            </button>
          </div>
          {children}
        </>
      ) : null}
    </dialog>
  );
}
