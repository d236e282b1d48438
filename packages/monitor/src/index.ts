/**
 * What goes on: alerts over the traffic and over our own silence; traces and metrics for any OTLP collector.
 *
 * Call first: {@link evaluateAlerts} with what a window of time held, or {@link startTelemetry}.
 * Do not trust it with: a decision. It observes; when it fails, calls go on and the failure is counted.
 */
export type { AccessWindow } from './access-alerts.ts';
export {
  ALERT_RULES,
  type Alert,
  type AlertChange,
  type AlertRule,
  type AlertWindow,
  evaluateAlerts,
  type SystemWindow,
} from './alerts.ts';
export { ALERT_EVENTS, closedEvent, type OpenAlert, OpenAlerts, openedEvent } from './open-alerts.ts';
export type { RecordWindow } from './record-alerts.ts';
export { type RollupExchange, Rollups } from './rollups.ts';
export { type ObservedExchange, startTelemetry, type Telemetry, type TelemetryOptions } from './telemetry.ts';
export { distanceKm, impossibleTravel, type Whereabouts } from './travel.ts';
