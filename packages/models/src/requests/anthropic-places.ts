import {
  ACTED,
  FILE,
  FREE,
  fields,
  form,
  ID,
  media,
  NUMBERS,
  type PlaceTable,
  placeTree,
  SCHEMA,
  SEALED,
  STOP,
  TEXT,
  under,
  words,
} from './places.ts';
import { CACHE, CONTAINER, EFFORT, LOCATION, SAMPLING } from './shared-places.ts';

/** Blocks within blocks within blocks: results of tools hold documents, which hold texts. */
const NESTED_MAX = 4;

const CITATION: PlaceTable = {
  type: words(
    ...['char_location', 'page_location', 'content_block_location', 'web_search_result_location'],
    'search_result_location',
  ),
  ...fields(TEXT, 'cited_text', 'document_title', 'title', 'url', 'source', 'enabled'),
  file_id: ID,
  encrypted_index: SEALED,
  ...fields(NUMBERS, 'document_index', 'start_char_index', 'end_char_index', 'start_page_number'),
  ...fields(NUMBERS, 'end_page_number', 'start_block_index', 'end_block_index', 'search_result_index'),
};

const BLOCK_TYPES = words(
  ...['text', 'image', 'document', 'thinking', 'redacted_thinking', 'tool_use', 'tool_result'],
  ...['server_tool_use', 'web_search_tool_result', 'web_fetch_tool_result', 'web_search_result'],
  ...['web_fetch_result', 'web_search_tool_result_error', 'web_fetch_tool_result_error', 'search_result'],
  ...['code_execution_tool_result', 'code_execution_result', 'code_execution_output', 'container_upload'],
  ...['code_execution_tool_result_error', 'bash_code_execution_tool_result', 'bash_code_execution_result'],
  ...['bash_code_execution_output', 'text_editor_code_execution_tool_result', 'mcp_tool_use'],
  ...['text_editor_code_execution_view_result', 'text_editor_code_execution_create_result'],
  ...['text_editor_code_execution_str_replace_result', 'mcp_tool_result', 'tool_reference', 'compaction'],
  ...['tool_search_tool_result', 'tool_search_tool_search_result'],
);

const SOURCE: PlaceTable = {
  type: words('base64', 'url', 'file', 'text', 'content'),
  media_type: form(/^(?:application|audio|image|text|video)\/[a-z0-9]{1,16}(?:[.+-][a-z0-9]{1,16})?$/),
  data: media('document'),
  url: media('document'),
  file_id: FILE,
  content: TEXT,
};

/** A block, as deep as blocks may lie in each other. */
function blocks(depth: number): PlaceTable {
  const inner = depth < NESTED_MAX ? placeTree(blocks(depth + 1)) : null;
  return {
    type: BLOCK_TYPES,
    ...fields(TEXT, 'text', 'thinking', 'title', 'context', 'is_error', 'content', 'stdout', 'stderr'),
    ...fields(TEXT, 'url', 'page_age', 'retrieved_at', 'encoding', 'old_start'),
    ...fields(ID, 'id', 'name', 'tool_use_id', 'server_name', 'tool_name'),
    'caller/type': words('direct', 'code_execution_20250825', 'code_execution_20260120'),
    'caller/tool_id': ID,
    error_code: words(
      ...['invalid_tool_input', 'unavailable', 'max_uses_exceeded', 'too_many_requests', 'query_too_long'],
      ...['url_not_accessible', 'url_not_allowed', 'url_too_long', 'unsupported_content_type'],
      ...['execution_time_exceeded', 'output_file_too_large', 'file_not_found'],
    ),
    return_code: NUMBERS,
    file_id: FILE,
    input: FREE,
    signature: SEALED,
    data: SEALED,
    encrypted_content: SEALED,
    source: TEXT,
    ...under('source', SOURCE),
    ...under('citations', CITATION),
    ...under('citations/*', CITATION),
    ...CACHE,
    ...(inner && { content: inner, 'content/*': inner, 'source/content/*': inner }),
  };
}

const TOOL: PlaceTable = {
  name: ID,
  description: TEXT,
  type: form(/^(?:custom|[a-z]{2,12}(?:_[a-z0-9]{2,12}){0,4}_20\d{6})$/),
  input_schema: SCHEMA,
  input_examples: FREE,
  strict: TEXT,
  defer_loading: TEXT,
  'allowed_callers/*': words('direct', 'code_execution_20250825', 'code_execution_20260120'),
  'allowed_domains/*': TEXT,
  'blocked_domains/*': TEXT,
  mcp_server_name: ID,
  ...fields(NUMBERS, 'max_uses', 'max_content_tokens', 'max_characters', 'display_width_px'),
  ...fields(NUMBERS, 'display_height_px', 'display_number'),
  ...CACHE,
  ...LOCATION,
};

/** Places of a message. Source: Anthropic API reference. */
export const ANTHROPIC_PLACES = placeTree({
  model: ID,
  'messages/*/role': words('user', 'assistant', 'system'),
  'messages/*/content': TEXT,
  'messages/*/content/*': placeTree(blocks(0)),
  system: TEXT,
  'system/*': placeTree(blocks(NESTED_MAX)),
  ...under('tools/*', TOOL),
  ...under('tool_choice', {
    type: words('auto', 'any', 'tool', 'none'),
    name: ID,
    disable_parallel_tool_use: TEXT,
  }),
  ...CONTAINER,
  ...under('mcp_servers/*', {
    name: ID,
    type: words('url'),
    url: ACTED,
    authorization_token: ACTED,
    'tool_configuration/allowed_tools/*': ID,
    'tool_configuration/enabled': TEXT,
  }),
  'metadata/user_id': ID,
  service_tier: words('auto', 'standard_only'),
  'stop_sequences/*': STOP,
  stream: TEXT,
  'thinking/type': words('enabled', 'disabled', 'adaptive'),
  'thinking/budget_tokens': NUMBERS,
  'thinking/display': words('summarized', 'omitted'),
  'output_config/effort': EFFORT,
  'output_config/format/type': words('json_schema'),
  'output_config/format/schema': SCHEMA,
  'output_format/type': words('json_schema'),
  'output_format/schema': SCHEMA,
  ...under('context_management/edits/*', {
    type: form(/^(?:clear_tool_uses|clear_thinking|compact)_20\d{6}$/),
    keep: TEXT,
    'keep/type': words('tool_uses', 'thinking_turns', 'all'),
    'keep/value': NUMBERS,
    'trigger/type': words('input_tokens', 'tool_uses'),
    'trigger/value': NUMBERS,
    'clear_at_least/type': words('input_tokens'),
    'clear_at_least/value': NUMBERS,
    'exclude_tools/*': ID,
  }),
  'betas/*': ID,
  inference_geo: ID,
  speed: words('standard', 'fast'),
  ...SAMPLING,
});
