import type { GuardModels } from '@sallyport/guard';
import { readGuardModel } from '@sallyport/scan';

/**
 * The models that ship with the guard, in memory that threads share.
 * @throws CodedError `model-invalid` when one is missing or its signature does not hold
 */
export const readGuardModels = (): GuardModels => ({
  injection: readGuardModel('injection.model'),
  names: readGuardModel('names.model'),
  content: readGuardModel('content.model'),
});
