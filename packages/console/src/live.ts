import { useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import type { Exchange } from './api.ts';

/** Longest time between two readings of counts while calls keep coming, in milliseconds. */
const SETTLE_MS = 1_500;

/**
 * Follows the traffic while a page is shown: calls back with what is new, and lets counts be read again, at most
 * every {@link SETTLE_MS}.
 */
export function useLive(onExchanges?: (exchanges: readonly Exchange[]) => void): void {
  const client = useQueryClient();
  useEffect(() => {
    const source = new EventSource('/api/v1/live');
    let timer: number | undefined;
    source.addEventListener('exchanges', (event) => {
      const { exchanges } = JSON.parse((event as MessageEvent<string>).data) as { exchanges: Exchange[] };
      onExchanges?.(exchanges);
      timer ??= window.setTimeout(() => {
        timer = undefined;
        void client.invalidateQueries({ queryKey: ['traffic'] });
      }, SETTLE_MS);
    });
    return () => {
      window.clearTimeout(timer);
      source.close();
    };
  }, [client, onExchanges]);
}
