import { type PathPart, tableOf } from '@sallyport/core';

/**
 * What a value of an answer is where it is no text: a word of the protocol, an id, the name of a model, sealed bytes, the
 * name of a member, padding that means nothing, or bytes of a token that are not its own.
 */
export type Structure = 'word' | 'id' | 'model' | 'sealed' | 'name' | 'padding' | 'bytes';

/** Members within which names are what the model chose. */
export const CHOSEN: ReadonlySet<string | number> = new Set(['input', 'arguments', 'parameters']);

/** Whether a path leads into what a model chose, names included. */
export function isChosen(path: readonly PathPart[]): boolean {
  for (let n = path.length - 2; n >= 0; n--) if (CHOSEN.has(path[n]!)) return true;
  return false;
}

const WORD = /^[A-Za-z][\w.-]{0,63}$/;
const ID = /^[\w.:/+-]{1,128}$/;
const MODEL = /^[\w.:/+-]{1,128}(?:@\w{1,40})?$/;
/** Signed or encrypted state that a provider hands back and forth. */
const SEALED = /^[A-Za-z0-9+/]+={0,2}$/;
const PADDING = /^[\w-]{1,256}$/;
/** A moment as RFC 3339 writes it. */
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;

const word = { is: 'word', form: WORD } as const;
const id = { is: 'id', form: ID } as const;
const model = { is: 'model', form: MODEL } as const;
const sealed = { is: 'sealed', form: SEALED } as const;

/** Members whose values are no text, and the form of each. */
const PLACES: Readonly<Record<string, { readonly is: Structure; readonly form: RegExp }>> = tableOf({
  role: word,
  type: word,
  object: word,
  detail: word,
  encoding_format: word,
  service_tier: word,
  finish_reason: word,
  stop_reason: word,
  status: word,
  datatype: word,
  effort: word,
  reasoning_effort: word,
  verbosity: word,
  truncation: word,
  id,
  item_id: id,
  call_id: id,
  tool_call_id: id,
  tool_use_id: id,
  response_id: id,
  previous_response_id: id,
  system_fingerprint: id,
  model,
  model_name: model,
  model_version: model,
  created_at: { is: 'word', form: MOMENT },
  signature: sealed,
  encrypted_content: sealed,
  thoughtSignature: sealed,
});

/**
 * What a string is, by the member that it is the value of, where it has the form of that place; null for text.
 * @param path of the value
 */
export function structureOf(path: readonly PathPart[], text: string): Structure | null {
  const key = path.at(-1);
  if (typeof key !== 'string') return null;
  if (key === 'obfuscation') return path.length === 1 && PADDING.test(text) ? 'padding' : null;
  const place = PLACES[key];
  return place?.form.test(text) ? place.is : null;
}

/** What stands in a place, whatever has its form; null where texts do. */
export function structureAt(path: readonly (string | number)[]): Structure | null {
  const key = path.at(-1);
  return typeof key === 'string' ? (PLACES[key]?.is ?? null) : null;
}

/** Words that answers of the protocols have most, and that so say nothing. */
const WORDS = new Set(
  [
    'assistant user tool function list model embedding error text message default auto null',
    'stop length tool_calls content_filter function_call chat.completion chat.completion.chunk text_completion',
    'end_turn max_tokens stop_sequence tool_use message_start message_delta message_stop ping thinking text_delta',
    'content_block_start content_block_delta content_block_stop input_json_delta thinking_delta signature_delta',
    'response completed in_progress incomplete failed output_text reasoning reasoning_text summary_text refusal',
    'response.created response.in_progress response.completed response.incomplete response.failed',
    'response.output_item.added response.output_item.done response.content_part.added response.content_part.done',
    'response.output_text.delta response.output_text.done response.function_call_arguments.delta',
    'response.function_call_arguments.done response.reasoning_summary_text.delta response.reasoning_summary_text.done',
  ].flatMap((line) => line.split(' ')),
);

/** Whether a value in the place of a word is one that the protocols have there. */
export const isProtocolWord = (text: string): boolean => WORDS.has(text);

/** Names of members that the protocols have, and that so say nothing. */
const MEMBERS = new Set(
  [
    'id object created model choices index message delta role content refusal annotations audio tool_calls function_call',
    'function name arguments input custom type finish_reason stop_reason stop_sequence logprobs token bytes logprob',
    'top_logprobs tokens token_logprobs text_offset text usage prompt_tokens completion_tokens total_tokens input_tokens',
    'output_tokens prompt_tokens_details completion_tokens_details input_tokens_details output_tokens_details cached_tokens',
    'audio_tokens reasoning_tokens accepted_prediction_tokens rejected_prediction_tokens system_fingerprint service_tier',
    'obfuscation reasoning reasoning_content thinking signature summary encrypted_content status output output_index',
    'content_index summary_index item item_id response response_id previous_response_id sequence_number call_id call',
    'output_text part parts error code param incomplete_details instructions max_output_tokens parallel_tool_calls',
    'temperature tool_choice tools top_p truncation metadata user store created_at completed_at background effort format',
    'content_block partial_json cache_creation_input_tokens cache_read_input_tokens cache_creation container',
    'context_management server_tool_use citations data embedding embeddings done done_reason total_duration load_duration',
    'prompt_eval_count prompt_eval_duration eval_count eval_duration context images model_name model_version outputs',
    'datatype shape parameters thoughtSignature description properties required strict url title start_index end_index',
  ].flatMap((line) => line.split(' ')),
);

/** Whether the name of a member belongs to a protocol. */
export const isMember = (name: string): boolean => MEMBERS.has(name);
