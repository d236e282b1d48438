import {
  ACTED,
  FILE,
  FREE,
  fields,
  ID,
  media,
  NUMBERS,
  type PlaceNode,
  type PlaceTable,
  placeTree,
  SEALED,
  STOP,
  TEXT,
  TOKENS,
  under,
  words,
} from './places.ts';
import {
  CACHE,
  CHAT_CALL,
  CHAT_TOOL,
  CONTAINER,
  EFFORT,
  FORMAT,
  FUNCTION,
  LOCATION,
  SAMPLING,
} from './shared-places.ts';

const DETAIL = words('auto', 'low', 'high', 'original');
const TIER = words('auto', 'default', 'flex', 'scale', 'priority');
const ROLE = words('system', 'developer', 'user', 'assistant', 'tool', 'function');
const AUDIO_FORMAT = words('wav', 'mp3', 'aac', 'flac', 'opus', 'pcm16', 'pcm', 'ogg', 'm4a');

/** Fields of every operation. */
const COMMON: PlaceTable = {
  model: ID,
  metadata: FREE,
  service_tier: TIER,
  safety_identifier: ID,
  prompt_cache_key: ID,
  prompt_cache_retention: words('in-memory', 'in_memory', '24h'),
  user: TEXT,
  ...fields(TEXT, 'stream', 'store', 'echo'),
  'stream_options/include_usage': TEXT,
  'stream_options/include_obfuscation': TEXT,
  ...SAMPLING,
};

const AUDIO: PlaceTable = { 'input_audio/data': media('audio'), 'input_audio/format': AUDIO_FORMAT };

/** A part of a message of chat completions. */
const CHAT_PART: PlaceTable = {
  type: words('text', 'image_url', 'input_audio', 'file', 'refusal', 'video_url', 'audio_url', 'thinking'),
  text: TEXT,
  refusal: TEXT,
  image_url: media('image'),
  'image_url/url': media('image'),
  'image_url/detail': DETAIL,
  video_url: media('video'),
  'video_url/url': media('video'),
  audio_url: media('audio'),
  'audio_url/url': media('audio'),
  ...AUDIO,
  'file/file_data': media('document'),
  'file/file_id': FILE,
  'file/filename': TEXT,
  ...CACHE,
};

const GOOGLE = 'extra_content/google/thought_signature';

const MESSAGE: PlaceTable = {
  role: ROLE,
  name: ID,
  content: TEXT,
  ...under('content/*', CHAT_PART),
  refusal: TEXT,
  reasoning_content: TEXT,
  reasoning: TEXT,
  'audio/id': ID,
  tool_call_id: ID,
  'function_call/name': ID,
  'function_call/arguments': TEXT,
  ...under('tool_calls/*', { ...CHAT_CALL, [GOOGLE]: SEALED }),
  [GOOGLE]: SEALED,
};

const CHAT: PlaceTable = {
  ...COMMON,
  ...under('messages/*', MESSAGE),
  ...under('tools/*', CHAT_TOOL),
  ...under('functions/*', FUNCTION),
  function_call: words('none', 'auto'),
  'function_call/name': ID,
  tool_choice: words('none', 'auto', 'required'),
  ...under('tool_choice', {
    type: words('function', 'custom', 'allowed_tools'),
    'function/name': ID,
    'custom/name': ID,
    'allowed_tools/mode': words('auto', 'required'),
    ...under('allowed_tools/tools/*', CHAT_TOOL),
  }),
  parallel_tool_calls: TEXT,
  ...under('response_format', { type: FORMAT['type']!, ...under('json_schema', FORMAT) }),
  'audio/format': AUDIO_FORMAT,
  'audio/voice': ID,
  'modalities/*': words('text', 'audio', 'image'),
  reasoning_effort: EFFORT,
  verbosity: words('low', 'medium', 'high'),
  'logit_bias/+': NUMBERS,
  stop: STOP,
  'stop/*': STOP,
  'prediction/type': words('content'),
  'prediction/content': TEXT,
  ...under('prediction/content/*', CHAT_PART),
  'web_search_options/search_context_size': words('low', 'medium', 'high'),
  ...under('web_search_options', LOCATION),
};

const ANNOTATION: PlaceTable = {
  type: words('file_citation', 'url_citation', 'container_file_citation', 'file_path'),
  ...fields(TEXT, 'filename', 'title', 'url'),
  ...fields(ID, 'file_id', 'container_id'),
  ...fields(NUMBERS, 'index', 'start_index', 'end_index'),
};

/** A part of an item of responses. */
const ITEM_PART: PlaceTable = {
  type: words(
    ...['input_text', 'input_image', 'input_file', 'input_audio', 'output_text', 'refusal', 'summary_text'],
    ...['reasoning_text', 'text', 'computer_screenshot', 'encrypted_content'],
  ),
  ...fields(TEXT, 'text', 'refusal', 'filename'),
  image_url: media('image'),
  file_data: media('document'),
  file_url: media('document'),
  file_id: FILE,
  detail: DETAIL,
  encrypted_content: SEALED,
  ...AUDIO,
  ...under('annotations/*', ANNOTATION),
};

const ITEM_TYPES = words(
  ...['message', 'reasoning', 'item_reference', 'compaction', 'compaction_summary', 'mcp_list_tools'],
  ...['file_search_call', 'web_search_call', 'image_generation_call', 'code_interpreter_call', 'mcp_call'],
  ...['function_call', 'function_call_output', 'computer_call', 'computer_call_output', 'custom_tool_call'],
  ...['custom_tool_call_output', 'local_shell_call', 'local_shell_call_output', 'shell_call'],
  ...['shell_call_output', 'apply_patch_call', 'apply_patch_call_output', 'mcp_approval_request'],
  'mcp_approval_response',
);

const ITEM: PlaceTable = {
  type: ITEM_TYPES,
  role: ROLE,
  ...fields(ID, 'id', 'call_id', 'name', 'namespace', 'server_label', 'approval_request_id', 'container_id'),
  status: words(
    'in_progress',
    'completed',
    'incomplete',
    'searching',
    'generating',
    'interpreting',
    'failed',
  ),
  phase: words('commentary', 'final_answer'),
  content: TEXT,
  ...under('content/*', ITEM_PART),
  'summary/*/type': words('summary_text'),
  'summary/*/text': TEXT,
  encrypted_content: SEALED,
  ...fields(TEXT, 'arguments', 'input', 'code', 'reason', 'error', 'approve', 'output'),
  ...under('output', ITEM_PART),
  ...under('output/*', { ...ITEM_PART, ...fields(TEXT, 'stdout', 'stderr') }),
  result: media('image'),
  'queries/*': TEXT,
  ...under('results/*', { file_id: ID, filename: TEXT, score: NUMBERS, text: TEXT, attributes: FREE }),
  'action/type': words(
    ...['search', 'open_page', 'find', 'find_in_page', 'click', 'double_click', 'drag', 'keypress', 'move'],
    ...['screenshot', 'scroll', 'type', 'wait', 'exec'],
  ),
  ...under('action', fields(TEXT, 'query', 'url', 'pattern', 'text')),
  ...under('action', fields(NUMBERS, 'x', 'y', 'scroll_x', 'scroll_y', 'timeout_ms', 'max_output_length')),
  'pending_safety_checks/*/id': ID,
  'acknowledged_safety_checks/*/id': ID,
  'outputs/*/type': words('logs', 'image'),
  'outputs/*/logs': TEXT,
  'outputs/*/url': media('image'),
};

const TOOL_TYPES = words(
  ...['function', 'custom', 'file_search', 'web_search', 'web_search_2025_08_26', 'web_search_preview'],
  ...['web_search_preview_2025_03_11', 'computer_use_preview', 'computer', 'mcp', 'code_interpreter'],
  ...['image_generation', 'local_shell', 'shell', 'apply_patch', 'namespace', 'tool_search'],
);

const TOOL: PlaceTable = {
  type: TOOL_TYPES,
  ...FUNCTION,
  'format/type': words('text', 'grammar'),
  'format/definition': TEXT,
  'format/syntax': words('lark', 'regex'),
  'vector_store_ids/*': ID,
  max_num_results: NUMBERS,
  filters: FREE,
  'ranking_options/ranker': ID,
  'ranking_options/score_threshold': NUMBERS,
  search_context_size: words('low', 'medium', 'high'),
  ...LOCATION,
  server_label: ID,
  connector_id: ID,
  server_url: ACTED,
  server_description: TEXT,
  authorization: ACTED,
  'headers/+': ACTED,
  'allowed_tools/*': ID,
  'allowed_tools/tool_names/*': ID,
  require_approval: words('always', 'never'),
  'require_approval/always/tool_names/*': ID,
  'require_approval/never/tool_names/*': ID,
  ...CONTAINER,
  model: ID,
  ...fields(NUMBERS, 'display_width', 'display_height', 'output_compression', 'partial_images'),
  environment: words('windows', 'mac', 'linux', 'ubuntu', 'browser'),
  background: words('transparent', 'opaque', 'auto'),
  quality: words('low', 'medium', 'high', 'auto'),
  size: words('1024x1024', '1024x1536', '1536x1024', 'auto'),
  output_format: words('png', 'webp', 'jpeg'),
  moderation: words('auto', 'low'),
  input_fidelity: words('high', 'low'),
  'input_image_mask/image_url': media('image'),
  'input_image_mask/file_id': FILE,
};

const RESPONSES: PlaceTable = {
  ...COMMON,
  ...fields(TEXT, 'background', 'parallel_tool_calls', 'instructions', 'input'),
  ...fields(ID, 'conversation', 'conversation/id', 'previous_response_id', 'prompt/id', 'prompt/version'),
  ...under('input/*', ITEM),
  ...under('instructions/*', ITEM),
  'include/*': words(
    ...['file_search_call.results', 'web_search_call.results', 'web_search_call.action.sources'],
    ...['message.input_image.image_url', 'computer_call_output.output.image_url'],
    ...['code_interpreter_call.outputs', 'reasoning.encrypted_content', 'message.output_text.logprobs'],
  ),
  'prompt/variables': FREE,
  'reasoning/effort': EFFORT,
  'reasoning/summary': words('auto', 'concise', 'detailed'),
  'reasoning/generate_summary': words('auto', 'concise', 'detailed'),
  ...under('text/format', FORMAT),
  'text/verbosity': words('low', 'medium', 'high'),
  truncation: words('auto', 'disabled'),
  tool_choice: words('none', 'auto', 'required'),
  ...under('tool_choice', { ...TOOL, mode: words('auto', 'required'), ...under('tools/*', TOOL) }),
  ...under('tools/*', { ...TOOL, ...under('tools/*', TOOL) }),
  'context_management/*/type': words('compaction'),
  'context_management/*/compact_threshold': NUMBERS,
};

/** Places of each operation. Source: OpenAI API reference. */
export const OPENAI_PLACES: Readonly<Record<string, PlaceNode>> = {
  'chat.completions': placeTree(CHAT),
  completions: placeTree({
    ...COMMON,
    prompt: TOKENS,
    'prompt/*': TOKENS,
    suffix: TEXT,
    stop: STOP,
    'stop/*': STOP,
    'logit_bias/+': NUMBERS,
  }),
  embeddings: placeTree({
    ...COMMON,
    input: TOKENS,
    'input/*': TOKENS,
    encoding_format: words('float', 'base64'),
  }),
  responses: placeTree(RESPONSES),
};
