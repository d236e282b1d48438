import {
  type Attributes,
  type Counter,
  type Histogram,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import {
  AlwaysOnSampler,
  BatchSpanProcessor,
  RandomIdGenerator,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { tableOf } from '@sallyport/core';
import type { ObservedExchange, Telemetry, TelemetryOptions } from './telemetry.ts';

/** Version of the semantic conventions that names and values follow (GenAI ones included). Pinned: they still move. */
const CONVENTIONS = '1.37.0';
const SPANS_WAITING_MAX = 4_096;
const STOP_MS = 3_000;
const CONTENT_CHARACTERS_MAX = 32_768;

/** Names of operations in the GenAI conventions. */
const OPERATIONS: Readonly<Record<string, string>> = tableOf({
  'chat.completions': 'chat',
  completions: 'text_completion',
  responses: 'chat',
  embeddings: 'embeddings',
  messages: 'chat',
  chat: 'chat',
  generate: 'text_completion',
  embed: 'embeddings',
});

/** Random ids, but for the span that was announced to the AI system before it could be built. */
class ChosenIds extends RandomIdGenerator {
  next: { trace: string; span: string } | null = null;

  constructor() {
    super();
    const { generateTraceId, generateSpanId } = this;
    this.generateTraceId = () => this.next?.trace ?? generateTraceId();
    this.generateSpanId = () => {
      const chosen = this.next?.span ?? generateSpanId();
      this.next = null;
      return chosen;
    };
  }
}

/** Traces and metrics by the GenAI semantic conventions, built from the record. */
export class OpenTelemetry implements Telemetry {
  readonly #ids = new ChosenIds();
  readonly #traces: TracerProvider;
  readonly #metrics: MeterProvider;
  readonly #tracer: Tracer;
  readonly #tokens: Histogram;
  readonly #duration: Histogram;
  readonly #exchanges: Counter;
  readonly #detections: Counter;

  constructor(options: TelemetryOptions) {
    const { url, headers, intervalMs, lookup, instance, version } = options;
    const base = url.replace(/(?<!\/)\/+$/, '');
    const resource = resourceFromAttributes({
      'service.name': 'sallyport',
      'service.version': version,
      'service.instance.id': instance,
    });
    const to = (path: string) => ({
      url: `${base}${path}`,
      headers: { ...headers },
      timeoutMillis: 10_000,
      httpAgentOptions: { keepAlive: true, lookup },
    });
    this.#traces = new TracerProvider({
      resource,
      sampler: new AlwaysOnSampler(),
      idGenerator: this.#ids,
      spanProcessors: [
        new BatchSpanProcessor({
          exporter: new OTLPTraceExporter(to('/v1/traces')),
          maxQueueSize: SPANS_WAITING_MAX,
          scheduledDelayMillis: Math.min(intervalMs, 5_000),
        }),
      ],
    });
    this.#metrics = new MeterProvider({
      resource,
      readers: [
        new PeriodicExportingMetricReader({
          exporter: new OTLPMetricExporter(to('/v1/metrics')),
          exportIntervalMillis: intervalMs,
          exportTimeoutMillis: Math.min(intervalMs, 10_000),
        }),
      ],
    });
    const schemaUrl = `https://opentelemetry.io/schemas/${CONVENTIONS}`;
    this.#tracer = this.#traces.getTracer('sallyport', version, { schemaUrl });
    const meter = this.#metrics.getMeter('sallyport', version, { schemaUrl });
    this.#tokens = meter.createHistogram('gen_ai.client.token.usage', { unit: '{token}' });
    this.#duration = meter.createHistogram('gen_ai.client.operation.duration', { unit: 's' });
    this.#exchanges = meter.createCounter('sallyport.exchanges', { unit: '{exchange}' });
    this.#detections = meter.createCounter('sallyport.detections', { unit: '{detection}' });
  }

  observe(exchange: ObservedExchange): void {
    const operation = OPERATIONS[exchange.operation ?? ''] ?? exchange.operation ?? 'unknown';
    const shared: Attributes = {
      'gen_ai.operation.name': operation,
      ...(exchange.dialect ? { 'gen_ai.provider.name': exchange.dialect } : {}),
      ...(exchange.model ? { 'gen_ai.request.model': exchange.model } : {}),
      ...(exchange.system ? { 'sallyport.system': exchange.system } : {}),
      ...(exchange.outcome === 'answered' ? {} : { 'error.type': exchange.code ?? exchange.outcome }),
    };
    this.#trace(exchange, operation, shared);
    const seconds = Object.values(exchange.timingsMs).reduce((sum, ms) => sum + ms, 0) / 1000;
    this.#duration.record(seconds, shared);
    if (exchange.inputTokens > 0)
      this.#tokens.record(exchange.inputTokens, { ...shared, 'gen_ai.token.type': 'input' });
    if (exchange.outputTokens > 0)
      this.#tokens.record(exchange.outputTokens, { ...shared, 'gen_ai.token.type': 'output' });
    this.#exchanges.add(1, {
      ...shared,
      'sallyport.outcome': exchange.outcome,
      'sallyport.action': exchange.action,
    });
    for (const { detector, technique, severity } of exchange.detections)
      this.#detections.add(1, {
        'sallyport.system': exchange.system ?? '',
        'sallyport.detector': detector,
        'sallyport.technique': technique,
        'sallyport.severity': severity,
      });
  }

  #trace(exchange: ObservedExchange, operation: string, shared: Attributes): void {
    const { id, span: spanId, parent } = exchange.trace;
    const context = parent
      ? trace.setSpanContext(ROOT_CONTEXT, {
          traceId: id,
          spanId: parent,
          traceFlags: TraceFlags.SAMPLED,
          isRemote: true,
        })
      : ROOT_CONTEXT;
    const begun = Date.parse(exchange.at);
    this.#ids.next = { trace: id, span: spanId };
    const span = this.#tracer.startSpan(
      exchange.model ? `${operation} ${exchange.model}` : operation,
      {
        kind: SpanKind.CLIENT,
        startTime: begun,
        attributes: {
          ...shared,
          'gen_ai.usage.input_tokens': exchange.inputTokens,
          'gen_ai.usage.output_tokens': exchange.outputTokens,
          'sallyport.exchange': exchange.id,
          'sallyport.stream': exchange.stream,
          'sallyport.outcome': exchange.outcome,
          'sallyport.action': exchange.action,
          'sallyport.would_be': exchange.wouldBe,
          'sallyport.detections': exchange.detections.map((one) => `${one.detector}/${one.technique}`),
          ...(exchange.status === null ? {} : { 'http.response.status_code': exchange.status }),
          ...(exchange.content?.input
            ? { 'sallyport.content.input': exchange.content.input.slice(0, CONTENT_CHARACTERS_MAX) }
            : {}),
          ...(exchange.content?.output
            ? { 'sallyport.content.output': exchange.content.output.slice(0, CONTENT_CHARACTERS_MAX) }
            : {}),
        },
      },
      context,
    );
    this.#ids.next = null;
    if (exchange.outcome !== 'answered')
      span.setStatus({ code: SpanStatusCode.ERROR, message: exchange.code ?? exchange.outcome });
    const inside = trace.setSpan(context, span);
    let at = begun;
    for (const [stage, ms] of Object.entries(exchange.timingsMs)) {
      const child = this.#tracer.startSpan(
        `sallyport ${stage}`,
        { kind: SpanKind.INTERNAL, startTime: at },
        inside,
      );
      at += ms;
      child.end(at);
    }
    span.end(at);
  }

  async stop(): Promise<void> {
    const ended = Promise.allSettled([this.#traces.shutdown(), this.#metrics.shutdown()]);
    await Promise.race([ended, new Promise((done) => setTimeout(done, STOP_MS).unref())]);
  }
}
