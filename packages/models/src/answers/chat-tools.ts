import { CodedError } from '@sallyport/core';
import type { ToolPiece } from '../dialect.ts';
import { named, objectAt, objectsOf, placeOf } from './fields.ts';
import { StreamNames } from './stream-names.ts';

/** What a tool is called with, by the member that holds the call: each has its own name for it. */
const ARGUMENTS = { function: 'arguments', custom: 'input', function_call: 'arguments' } as const;
type Holder = keyof typeof ARGUMENTS;
const HOLDERS = ['function', 'custom'] as const;

const isHolder = (name: unknown): name is (typeof HOLDERS)[number] =>
  name === 'function' || name === 'custom';

/** The id of a call; none where it says none. */
const idOf = ({ id }: Record<string, unknown>): string | undefined =>
  typeof id === 'string' && id !== '' ? id : undefined;

/** Tells the calls of one message apart: by their own index, by their id where they have none, else by their place. */
function toolKey(tool: Record<string, unknown>, n: unknown): string {
  const id = idOf(tool);
  return typeof tool['index'] !== 'number' && id !== undefined ? `id ${id}` : String(placeOf(tool, n));
}

/** A call as chat completions write it: whole in a message, in pieces in a delta. */
function holderPiece(call: string, holder: Holder, own: Record<string, unknown>, delta: boolean): ToolPiece {
  const text = own[ARGUMENTS[holder]];
  const piece = { call: `${call}/${holder}`, ...named(own['name']) };
  if (!delta) return { ...piece, whole: text ?? '' };
  if (typeof text === 'string') return { ...piece, text };
  return text === undefined || text === null ? piece : { ...piece, whole: text };
}

/** The messages of a chat completion, or of one of its chunks, and what tells them apart. */
const messagesOf = (body: unknown): { message: Record<string, unknown>; delta: boolean; at: string }[] =>
  objectsOf((body as { choices?: unknown } | null)?.choices).flatMap(([choice, n]) =>
    (['message', 'delta'] as const).map((key) => ({
      message: objectAt(choice, key),
      delta: key === 'delta',
      at: `${placeOf(choice, n)}/${key}`,
    })),
  );

const isGiven = (own: unknown): own is Record<string, unknown> =>
  typeof own === 'object' && own !== null && Object.keys(own).length > 0;

/** Calls of tools in a chat completion, or in one of its chunks. */
export const chatToolPieces = (body: unknown): ToolPiece[] =>
  messagesOf(body).flatMap(({ message, delta, at }) => {
    const pieces = objectsOf(message['tool_calls']).flatMap(([tool, n]) => {
      const call = `${at}/${toolKey(tool, n)}`;
      const given = HOLDERS.filter((holder) => isGiven(tool[holder]));
      return given.map((holder) => holderPiece(call, holder, objectAt(tool, holder), delta));
    });
    if (isGiven(message['function_call']))
      pieces.push(holderPiece(at, 'function_call', message['function_call'], delta));
    return pieces;
  });

/** Whether a choice of a chunk says which tool is called: what it is called with comes behind. */
export function opensCall(choice: Record<string, unknown>): boolean {
  const delta = objectAt(choice, 'delta');
  const saysName = (own: unknown): boolean => isGiven(own) && typeof own['name'] === 'string';
  if (saysName(delta['function_call'])) return true;
  return objectsOf(delta['tool_calls']).some(
    ([tool]) => idOf(tool) !== undefined || HOLDERS.some((holder) => saysName(tool[holder])),
  );
}

/** The call of a tool that a path leads into, in a chat completion. */
export function chatCallAt(body: unknown, path: readonly (string | number)[]): string | undefined {
  if (path[0] !== 'choices') return undefined;
  const choice = objectAt(objectAt(body, 'choices'), path[1]);
  const at = `${placeOf(choice, path[1])}/${path[2]}`;
  if (path[3] === 'function_call') return `${at}/function_call`;
  if (path[3] !== 'tool_calls') return undefined;
  const calls = objectAt(objectAt(choice, path[2]), 'tool_calls');
  const tool = toolKey(objectAt(calls, path[4]), path[4]);
  return `${at}/${tool}/${isHolder(path[5]) ? path[5] : 'function'}`;
}

/**
 * A check of the chunks of one stream, in which calls of tools have an index and an id, and are functions or custom ones.
 * Clients go by the one or the other.
 */
export function chatIdentities(): (data: unknown) => void {
  const ids = new StreamNames<string>();
  const keys = new StreamNames<string>();
  const holders = new StreamNames<string>();
  let byId = false;
  const bind = (table: StreamNames<string>, from: string, to: string): void => {
    if ((table.get(from) ?? to) !== to)
      throw new CodedError(
        'upstream-invalid',
        'the stream goes on with a call of a tool under another id, index or type: clients that go by one of them read another call',
      );
    table.set(from, to);
  };
  return (data) => {
    for (const { message, at } of messagesOf(data))
      for (const [tool, n] of objectsOf(message['tool_calls'])) {
        const id = idOf(tool);
        const key = `${at} ${toolKey(tool, n)}`;
        const numbered = typeof tool['index'] === 'number';
        if (id !== undefined) {
          bind(ids, key, id);
          bind(keys, `${at} ${id}`, key);
          byId ||= !numbered;
        } else if (!numbered && byId)
          throw new CodedError(
            'upstream-invalid',
            'the stream does not say which call of a tool it goes on with',
          );
        for (const holder of HOLDERS) if (isGiven(tool[holder])) bind(holders, key, holder);
      }
  };
}
