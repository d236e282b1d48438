/**
 * The inventory of AI: models and their versions, datasets, endpoints; what they came from, who signed and who approved them.
 *
 * Call first: {@link Inventory}; {@link verifyModel} for a model in a folder needs no store.
 * Do not trust it with: whether whoever signed a model is right to be trusted.
 */
export { type ArtefactStore, FolderArtefacts } from './artefacts.ts';
export { assess, type PartyMeasures } from './assess.ts';
export { type Attester, openAttestation, type Said } from './attest.ts';
export type { Gate } from './gates.ts';
export { Inventory } from './inventory.ts';
export type { InventoryParts, KnownVersion, ScanOutcome, TrustedSigner } from './inventory-parts.ts';
export { type ObjectFiles, type ObjectStoreSettings, objectArtefacts, objectFiles } from './object-store.ts';
export { edgesOf, LINEAGE_STEPS, neighbourhood, parseRunEvent, toRunEvents } from './open-lineage.ts';
export { Serving } from './serving.ts';
export { type ModelBundle, type SignOptions, signModel } from './signing/sign-model.ts';
export { type Trust, type VerifiedModel, verifyBundle, verifyModel } from './signing/verify-model.ts';
export { evidenceOf } from './version-evidence.ts';
