import { useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import type { Exchange } from './api.ts';
import { pageHeaders } from './page-key.ts';

/** Longest time between two readings of counts while calls keep coming, in milliseconds. */
const SETTLE_MS = 1_500;
/** How long to wait before following again, in milliseconds. */
const AGAIN_MS = 3_000;
/** Longest text of one event that is waited for, in characters. */
const EVENT_CHARACTERS_MAX = 4_000_000;

/** Reads events until the stream ends; what an event source does, but for the header that it cannot send. */
async function read(signal: AbortSignal, onEvent: (name: string, data: string) => void): Promise<void> {
  const response = await fetch('/api/v1/live', {
    signal,
    headers: { ...pageHeaders(), accept: 'text/event-stream' },
  });
  if (!response.ok || response.body === null) return;
  let text = '';
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += value;
    if (text.length > EVENT_CHARACTERS_MAX) return reader.cancel();
    const events = text.split('\n\n');
    text = events.pop() ?? '';
    for (const event of events) {
      const field = (name: string): string =>
        event
          .split('\n')
          .flatMap((line) => (line.startsWith(`${name}: `) ? [line.slice(name.length + 2)] : []))
          .join('\n');
      onEvent(field('event'), field('data'));
    }
  }
}

/**
 * Follows the traffic while a page is shown: calls back with what is new, and lets counts be read again, at most
 * every {@link SETTLE_MS}.
 * @param withProbes whether calls of our own probes are among them; counts and lists leave those out, unless asked
 */
export function useLive(onExchanges?: (exchanges: readonly Exchange[]) => void, withProbes = false): void {
  const client = useQueryClient();
  useEffect(() => {
    const gone = new AbortController();
    let timer: number | undefined;
    let again: number | undefined;
    const follow = (): void => {
      void read(gone.signal, (name, data) => {
        if (name !== 'exchanges') return;
        const all = (JSON.parse(data) as { exchanges: Exchange[] }).exchanges;
        const exchanges = withProbes ? all : all.filter(({ synthetic }) => !synthetic);
        if (exchanges.length > 0) onExchanges?.(exchanges);
        timer ??= window.setTimeout(() => {
          timer = undefined;
          void client.invalidateQueries({ queryKey: ['traffic'] });
        }, SETTLE_MS);
      })
        .catch(() => {})
        .then(() => {
          if (!gone.signal.aborted) again = window.setTimeout(follow, AGAIN_MS);
        });
    };
    follow();
    return () => {
      window.clearTimeout(timer);
      window.clearTimeout(again);
      gone.abort();
    };
  }, [client, onExchanges, withProbes]);
}
