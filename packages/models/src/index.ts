/**
 * How to speak with AI systems: dialects (OpenAI, Anthropic, Ollama, Open Inference Protocol v2) as routes, readings of
 * requests, answers and streams, and errors in the caller's own tongue; and local ONNX files.
 *
 * Call first: {@link findRoute}, then the dialect's `readRequest`.
 * Do not trust it with: judging content. It says where texts are, not what they mean.
 */
export { answerNumbers } from './answers/numbers.ts';
export { readOutputTensors } from './answers/open-inference.ts';
export { checkShape } from './answers/shape.ts';
export { StreamNames } from './answers/stream-names.ts';
export { type Counts, mergeCounts, usageOf } from './answers/usage.ts';
export { anthropic } from './anthropic.ts';
export type {
  Attachment,
  Dialect,
  DialectError,
  EventOrder,
  Media,
  OperationRoute,
  RequestPart,
  RequestReading,
  Tensor,
  TextPart,
  ToolPiece,
  Usage,
} from './dialect.ts';
export type { Framing, StreamEvent, StreamParser } from './framing.ts';
export { ndjson } from './ndjson.ts';
export { ollama } from './ollama.ts';
export { OnnxModel } from './onnx.ts';
export { openInference } from './open-inference.ts';
export { openai } from './openai.ts';
export { figuresOf } from './requests/long-numbers.ts';
export { DIALECT_TABLE, findRoute, joinUrl, pathWithModel } from './routes.ts';
export { SseParser, sse } from './sse.ts';
export { TextClassifier, type TextLabel } from './text-classifier.ts';
