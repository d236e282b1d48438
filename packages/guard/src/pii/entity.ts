import type { Severity } from '@sallyport/core';

/** Kinds of personal data, with how much harm they do in the wrong hands. */
export const PII_ENTITIES = {
  email: 'medium',
  phone: 'medium',
  'credit-card': 'high',
  iban: 'medium',
  'bank-account': 'medium',
  'crypto-wallet': 'medium',
  'ip-address': 'low',
  'mac-address': 'low',
  'us-ssn': 'high',
  'national-id': 'high',
  passport: 'high',
  'driver-license': 'high',
  'medical-record': 'high',
  'date-of-birth': 'medium',
  age: 'info',
  address: 'medium',
  person: 'low',
  place: 'info',
  organisation: 'info',
  belief: 'low',
  title: 'info',
  date: 'info',
  url: 'info',
} as const satisfies Readonly<Record<string, Severity>>;

/** A kind of personal data. */
export type PiiEntity = keyof typeof PII_ENTITIES;

/** Personal data found, with offsets into the text. */
export interface PiiMatch {
  readonly entity: PiiEntity;
  readonly start: number;
  readonly end: number;
  readonly confidence: number;
  /** How much harm it does, where that is not what its kind does. */
  readonly severity?: Severity;
  /** Country of a national number, as ISO 3166-1 alpha-2. */
  readonly country?: string;
}

/** Countries that are looked at, as ISO 3166-1 alpha-2; null for all that are known. */
export type Countries = ReadonlySet<string> | null;
