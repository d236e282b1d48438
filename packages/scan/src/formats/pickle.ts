import { inspectPickle, isPickle } from '../pickle/inspect-pickle.ts';
import type { Format } from './format.ts';

/** Endings under which programs look for a pickle, whatever it holds. */
const ENDINGS = /\.(?:pkl|pickle|pk|p|joblib|dill|cloudpickle|sav)$/;

/** Pickles: one stream or several, of any protocol, by themselves or under another format's name. */
export const pickle: Format = {
  name: 'pickle',
  recognise: ({ inspection, name, head }) => isPickle(inspection) || (ENDINGS.test(name) && isLost(head)),
  inspect: inspectPickle,
};

/** Whether nothing else begins like this: an archive under a pickle's name is an archive. */
function isLost(head: Uint8Array): boolean {
  const text = Buffer.from(head.subarray(0, 8)).toString('latin1');
  return !/^(?:PK|\x1f\x8b|BZh|\xfd7zXZ|\x28\xb5\x2f\xfd|7z\xbc\xaf|\x5d\x00\x00|\x04\x22\x4d\x18|ZF|x[\x01\x5e\x9c\xda]|\x89HDF|SR\0[\x04\x06]|\$FL[23]|\x93NUMPY)/.test(
    text,
  );
}
