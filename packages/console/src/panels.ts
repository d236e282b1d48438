import { useRouter } from '@tanstack/react-router';
import { useRef } from 'react';

declare module '@tanstack/react-router' {
  interface HistoryState {
    /** Whether this entry of the history was made by opening a panel: then going back closes it. */
    panel?: boolean;
  }
}

/** State of the entry that opening a panel makes. */
export const PANEL = { panel: true } as const;

/** Closes a panel that the address names: by going back to before it was opened, or otherwise where it came with the address. */
export function useClosePanel(): (otherwise: () => unknown) => void {
  const router = useRouter();
  const left = useRef<unknown>(null);
  return (otherwise) => {
    const { location } = router.state;
    if (!location.state.panel) return void otherwise();
    // Going back takes a moment, in which closing once more must not go back further.
    if (left.current === location) return;
    left.current = location;
    router.history.back();
  };
}
