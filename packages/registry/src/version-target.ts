import type { AssetKind } from '@sallyport/core';

/** Name of a version in findings, lineage and events. */
export const versionTarget = (kind: AssetKind, name: string, label: string): string =>
  `${kind}:${name}@${label}`;
