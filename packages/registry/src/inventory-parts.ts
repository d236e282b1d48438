import type { Asset, AssetVersion, Attestation } from '@sallyport/core';
import type { Store } from '@sallyport/store';
import type { ArtefactStore } from './artefacts.ts';
import type { Attester } from './attest.ts';
import type { Gate } from './gates.ts';
import type { Trust } from './signing/verify-model.ts';

/** What a scan says of a version. */
export interface ScanOutcome {
  /** Id under which its findings are kept. */
  readonly scan: string;
  readonly verdict: string;
  readonly passed: boolean;
  readonly summary: string;
}

/** Somebody whose signatures count, by the name that the configuration gives. */
export interface TrustedSigner {
  readonly name: string;
  readonly trust: Trust;
}

/** What an inventory works with. */
export interface InventoryParts {
  readonly store: Store;
  readonly artefacts: ArtefactStore;
  readonly attester: Attester;
  /** Scans files, notes what it finds as findings of `target`, and says what it came to. */
  scan(files: readonly string[], target: string, actor: string): Promise<ScanOutcome>;
  signers(): readonly TrustedSigner[];
  /** Folder, not there yet, in which a version lies open while it is scanned. */
  scratch(): string;
}

/** A version with what is known of it. */
export interface KnownVersion {
  readonly asset: Asset;
  readonly version: AssetVersion;
  readonly attestations: readonly Attestation[];
  readonly gates: readonly Gate[];
  /** Places that it serves now. */
  readonly serving: readonly string[];
  /** Digest of all of it that an approver is shown. */
  readonly seen: string;
}

/** How a version is registered. */
export interface NewVersion {
  /** Folder or file on this machine. */
  readonly root: string;
  /** Of a cache of Hugging Face. */
  readonly revision?: string | undefined;
  readonly label?: string | undefined;
  /** Text of a signature (`model.sig`). */
  readonly signature?: string | undefined;
  /** Data sets that it was made from, `NAME` or `NAME@VERSION`. */
  readonly from?: readonly string[] | undefined;
  /** The actor who answers for it and cannot approve it, where that is known better than by who registers it. */
  readonly author?: string | undefined;
}
