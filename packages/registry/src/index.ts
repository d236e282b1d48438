/**
 * The inventory of AI: models and their versions, datasets, endpoints; what they came from, who signed and who approved them.
 *
 * Call first: {@link verifyModel} for a model in a folder; the rest needs a store.
 * Do not trust it with: whether whoever signed a model is right to be trusted.
 */
export { type ModelBundle, type SignOptions, signModel } from './signing/sign-model.ts';
export { type Trust, type VerifiedModel, verifyBundle, verifyModel } from './signing/verify-model.ts';
