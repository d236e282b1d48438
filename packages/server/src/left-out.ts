import { type SystemConfig, type SystemSnapshot, systemSchema, usageLimits } from '@sallyport/core';

/** Stands where there is no key. */
export const NO_KEY = new Uint8Array(32);

/** What stands in a snapshot for a system whose settings cannot be read. */
export const UNREADABLE: SystemConfig = systemSchema.parse({
  dialect: 'openai',
  urls: ['http://unreadable.invalid'],
});

/** A system to which nothing goes. */
export const leftOut = (config: SystemConfig): Omit<SystemSnapshot, 'name' | 'demo'> => ({
  ...config,
  integration: null,
  held: null,
  closed: [],
  quarantined: true,
  apiKey: null,
  usageLimits: usageLimits(config.limits),
  slot: 0,
  rowProfile: null,
  trainingEcho: null,
  pseudonymKey: NO_KEY,
  dataKeys: [],
});
