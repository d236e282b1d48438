import { CodedError, type ObjectStoreConfig } from '@sallyport/core';
import { safeLookup } from '@sallyport/gateway';
import type { ObjectStoreSettings } from '@sallyport/registry';
import { resolveSecret } from './config-file.ts';

/** How an object store is reached, with its secrets read. @param where of the configuration, for faults @throws CodedError `config-invalid` */
export function objectSettings(
  where: string,
  { accessKeyIdRef, secretAccessKeyRef, allowPrivate, ...settings }: ObjectStoreConfig,
): ObjectStoreSettings {
  const secret = (ref: string): string => {
    const value = resolveSecret(ref);
    if (value === null) throw new CodedError('config-invalid', `\`${where}\`: \`${ref}\` holds nothing`);
    return value;
  };
  return {
    ...settings,
    accessKeyId: secret(accessKeyIdRef),
    secretAccessKey: secret(secretAccessKeyRef),
    lookup: safeLookup(settings.endpoint, allowPrivate),
  };
}
