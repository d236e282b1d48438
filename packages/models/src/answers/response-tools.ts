import { CodedError } from '@sallyport/core';
import type { ToolPiece } from '../dialect.ts';
import { named, objectAt, objectsOf } from './fields.ts';
import { StreamNames } from './stream-names.ts';

type Members = Record<string, unknown>;

/** Whether an item of a type is the call of a tool, or asks whether a call may be made. */
export const isToolItem = (type: unknown): boolean =>
  typeof type === 'string' && (type.endsWith('_call') || type === 'mcp_approval_request');

/** Events of what a tool is called with: the type of their item is in their name. */
const GROWS = /^response\.((?:function_call|mcp_call)_arguments|custom_tool_call_input)\.(delta|done)$/;
/** Members of a call that hold what the tool is called with, by their types. */
const HELD = ['arguments', 'input', 'action'];
/** The same of tools of the provider's own that have several: then they are the arguments, under these names. */
const NAMED = ['operation', 'actions', 'code', 'queries'];

/** Tells calls apart in events: by the place of their item where that is said, else by its id. */
export function responseCallOf(event: Members, item?: Members): string {
  const place = event['output_index'];
  return typeof place === 'number' ? String(place) : `id ${String(idOf(event, item))}`;
}

/** The id of the item that an event is about. */
const idOf = (event: Members, item?: Members): unknown =>
  item === undefined ? event['item_id'] : (item['id'] ?? item['call_id']);

/** The call of an item of the output of a response, which is told apart by its place. */
export const outputCall = (n: unknown): string => `output/${String(n)}`;

/** @param begun whether what the tool is called with may still come */
function itemPieces(item: Members, call: string, begun: boolean): ToolPiece[] {
  if (!isToolItem(item['type'])) return [];
  // Tools of the provider's own have names of their own types.
  const name = named(item['name'] ?? item['type']);
  const isGiven = (member: string): boolean =>
    item[member] !== undefined && item[member] !== null && !(begun && item[member] === '');
  const given: unknown[] = HELD.filter(isGiven).map((member) => item[member]);
  const others = NAMED.filter(isGiven);
  if (others.length > 0) given.push(Object.fromEntries(others.map((member) => [member, item[member]])));
  if (given.length > 0) return given.map((whole) => ({ call, ...name, whole }));
  return [{ call, ...name, ...(!begun && { whole: '' }) }];
}

/** Calls of tools in a response. */
export const responseToolPieces = (response: unknown): ToolPiece[] =>
  objectsOf(objectAt({ response }, 'response')['output']).flatMap(([item, n]) =>
    itemPieces(item, outputCall(n), false),
  );

/** Calls of tools in one of the events of a response. */
export function responseEventPieces(data: unknown): ToolPiece[] {
  const event = objectAt({ data }, 'data');
  const type = String(event['type']);
  const item = objectAt(event, 'item');
  const pieces = [
    ...itemPieces(item, responseCallOf(event, item), type.endsWith('.added')),
    ...responseToolPieces(event),
    ...responseToolPieces(event['response']),
  ];
  const [, , grows] = GROWS.exec(type) ?? [];
  if (grows === undefined) return pieces;
  const call = responseCallOf(event);
  const member = type.includes('_input.') ? 'input' : 'arguments';
  if (grows === 'done') pieces.push({ call, ...named(event['name']), whole: event[member] ?? '' });
  else if (typeof event['delta'] === 'string') pieces.push({ call, text: event['delta'] });
  return pieces;
}

/**
 * A check of the events of one stream, which name an item by its id and by its place in the output, and say its type: clients go
 * by the one or the other.
 */
export function responseIdentities(): (data: unknown) => void {
  const ids = new StreamNames<unknown>();
  const calls = new StreamNames<string>();
  const types = new StreamNames<string>();
  const refuse = (what: string): never => {
    throw new CodedError(
      'upstream-invalid',
      `the stream ${what}: clients that go by one of them read another call`,
    );
  };
  const bind = (call: string, id: unknown): void => {
    if ((ids.get(call) ?? id) !== id || (calls.get(id) ?? call) !== call)
      refuse('names a call of a tool by an `item_id` and an `output_index` that belong to two');
    ids.set(call, id);
    calls.set(id, call);
  };
  return (data) => {
    const event = objectAt({ data }, 'data');
    const item = objectAt(event, 'item');
    if (isToolItem(item['type'])) {
      const call = responseCallOf(event, item);
      const id = item['id'] ?? undefined;
      const type = String(item['type']);
      if (id !== undefined) bind(call, id);
      if ((types.get(call) ?? type) !== type) refuse('gives a call of a tool two types');
      types.set(call, type);
    }
    const [, grown] = GROWS.exec(String(event['type'])) ?? [];
    if (grown === undefined) return;
    const call = responseCallOf(event);
    if (event['item_id'] !== undefined && event['item_id'] !== null) bind(call, event['item_id']);
    const type = types.get(call);
    if (type === undefined)
      refuse('goes on with a call of a tool that it did not begin under this id and place');
    else if (!grown.startsWith(type)) refuse('gives a call of a tool two types');
  };
}
