import { z } from 'zod';
import { type SystemConfig, systemSchema, usageLimitsSchema } from './config.ts';
import { type UsageLimits, usageLimits } from './limits.ts';

const { urls, apiKeyRef, allowPrivate, mode, models, canaries } = systemSchema.shape;
const { requestsPerMinute, tokensPerMinute, concurrent, spendMicroUsdPerDay } = usageLimitsSchema.shape;

/** What is changed of a system that is there; what is left out stays as it is. */
export const systemChangeSchema = z
  .strictObject({
    urls: urls.optional(),
    /** Null takes the credential away. */
    apiKeyRef: apiKeyRef.unwrap().nullable().optional(),
    allowPrivate: allowPrivate.unwrap().optional(),
    mode: mode.unwrap().optional(),
    models: models.unwrap().optional(),
    canaries: canaries.unwrap().optional(),
    /** Each replaces the one of its name; null brings back the default. */
    limits: z
      .strictObject({
        requestsPerMinute: requestsPerMinute.unwrap().nullable().optional(),
        tokensPerMinute: tokensPerMinute.unwrap().nullable().optional(),
        concurrent: concurrent.unwrap().nullable().optional(),
        spendMicroUsdPerDay: spendMicroUsdPerDay.unwrap().nullable().optional(),
      })
      .optional(),
  })
  .refine((change) => Object.keys(change).length > 0, 'names nothing to change');
export type SystemChange = z.infer<typeof systemChangeSchema>;

const present = (values: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null && value !== undefined));

/** Settings with a change made, to be judged whole as those of a new system are. */
export function changedSettings(config: SystemConfig, change: SystemChange): Record<string, unknown> {
  const { apiKeyRef: before, ...kept } = config;
  const { apiKeyRef: ref = before ?? null, limits, ...rest } = change;
  return {
    ...kept,
    ...present(rest),
    ...present({ apiKeyRef: ref }),
    limits: present({ ...config.limits, ...limits }),
  };
}

/** Whether a change leads calls where they did not go before: what stood for the old place says nothing of that one. */
export const isMoved = ({ urls }: SystemConfig, change: SystemChange): boolean =>
  change.urls?.some((url) => !urls.includes(url)) ?? false;

/** Whether a change takes a system away from a place: gates that stood there for its sake stand no more. */
export const leavesPlace = ({ urls }: SystemConfig, change: Pick<SystemChange, 'urls'>): boolean =>
  urls.some((url) => !(change.urls ?? urls).includes(url));

/** Whether a change opens a place: calls go there, names may lead to private addresses, or gates stand there no more. */
export const opensPlace = (config: SystemConfig, change: SystemChange): boolean =>
  isMoved(config, change) ||
  leavesPlace(config, change) ||
  (change.allowPrivate === true && !config.allowPrivate);

/** Whether a change lets pass what was stopped before: that takes more than to stop things. Calls that are led elsewhere do so, too. */
export function isLooser(config: SystemConfig, change: SystemChange): boolean {
  const kept = new Set(change.canaries ?? config.canaries);
  const before = usageLimits(config.limits);
  const after = usageLimits(present({ ...config.limits, ...change.limits }));
  return (
    opensPlace(config, change) ||
    (change.mode === 'observe' && config.mode === 'enforce') ||
    config.canaries.some((one) => !kept.has(one)) ||
    (Object.keys(before) as (keyof UsageLimits)[]).some((name) => after[name] > before[name])
  );
}
