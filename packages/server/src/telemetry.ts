import { CodedError, clock } from '@sallyport/core';
import { safeLookup } from '@sallyport/gateway';
import { type ObservedExchange, startTelemetry } from '@sallyport/monitor';
import type { ExchangeRow } from '@sallyport/store';
import { SALT_BYTES } from '@sallyport/vault';
import { resolveSecret } from './config-file.ts';
import { openContent } from './content.ts';
import type { Control } from './control.ts';
import { log } from './log.ts';

const VERSION = '0.1.0';

function headersOf(ref: string | undefined): Record<string, string> {
  const text = resolveSecret(ref);
  if (ref !== undefined && text === null)
    throw new CodedError('config-invalid', `\`telemetry.otlp.headersRef\`: \`${ref}\` holds nothing`);
  const headers: Record<string, string> = {};
  for (const line of (text ?? '').split('\n')) {
    const at = line.indexOf('=');
    if (at > 0) headers[line.slice(0, at).trim().toLowerCase()] = line.slice(at + 1).trim();
  }
  return headers;
}

async function contentAt(control: Control, id: string, index: number | null): Promise<string | null> {
  if (index === null) return null;
  const opened = await openContent(control.installation, index, id);
  return opened ? Buffer.from(opened.plain.subarray(SALT_BYTES)).toString() : null;
}

async function observed(control: Control, row: ExchangeRow, withContent: boolean): Promise<ObservedExchange> {
  const [id = '', span = '', parent = ''] = (row.trace ?? '').split('/');
  return {
    id: row.id,
    at: row.at,
    system: row.system,
    dialect: row.dialect,
    operation: row.operation,
    model: row.model,
    stream: row.stream === 1,
    outcome: row.outcome!,
    status: row.status,
    code: row.code,
    action: row.action,
    wouldBe: row.would_be,
    detections: JSON.parse(row.detections),
    inputTokens: row.input_tokens,
    outputTokens: row.output_tokens,
    timingsMs: JSON.parse(row.timings),
    trace: { id, span, parent: parent === '' ? null : parent },
    content: withContent
      ? {
          input: await contentAt(control, row.id, row.intent_index),
          output:
            row.outcome_index === row.intent_index
              ? null
              : await contentAt(control, row.id, row.outcome_index),
        }
      : null,
  };
}

/**
 * Sends traces and metrics of finished exchanges to the collector that the configuration names. It observes: when it
 * fails, calls go on.
 * @returns ends it @throws CodedError `upstream-refused-address`, `config-invalid`
 */
export async function followTelemetry(control: Control): Promise<() => Promise<void>> {
  const { telemetry: settings } = control.config;
  if (!settings) return async () => {};
  const { url, headersRef, allowPrivate, intervalMs } = settings.otlp;
  const telemetry = await startTelemetry({
    url,
    headers: headersOf(headersRef),
    intervalMs,
    lookup: safeLookup(url, allowPrivate),
    instance: control.installation.id,
    version: VERSION,
  });
  let warnedMs = 0;
  const stop = control.installation.watch((rows) => {
    for (const row of rows) {
      if (row.outcome === null || row.trace === null || row.synthetic === 1) continue;
      observed(control, row, settings.content)
        .then((exchange) => telemetry.observe(exchange))
        .catch((fault: Error) => {
          if (clock.nowMs() - warnedMs < 60_000) return;
          warnedMs = clock.nowMs();
          log('warn', 'an exchange could not be traced', { fault: fault.message });
        });
    }
  });
  return async () => {
    stop();
    await telemetry.stop();
  };
}
