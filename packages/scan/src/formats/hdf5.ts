import { BytesSource } from '../bytes/byte-source.ts';
import { Malformed, Truncated } from '../bytes/cursor.ts';
import { Hdf5File, type Hdf5Object, hdf5Start } from '../hdf5/hdf5-file.ts';
import type { Inspection } from '../inspection.ts';
import { OP } from '../pickle/opcodes.ts';
import { beginsAsJson, parsePythonJson, pythonJsonText } from '../text/json.ts';
import { printable } from '../text/printable.ts';
import type { Format } from './format.ts';
import { inspectKerasConfig } from './keras-config.ts';

const OBJECTS_MAX = 200_000;
const CONFIG = /^(?:model_config|training_config|layer_config|config|vae_config|optimizer_config)$/;
/** Those of them that Keras reads; others write what they like under the others. */
const KERAS_CONFIG = /^(?:model_config|training_config)$/;

/** PyTables unpickles every text of an attribute that ends as a pickle does (`attributeset.py`); zeros behind it fill its place. */
const endsAsPickle = (value: Uint8Array): boolean =>
  value[value.findLastIndex((byte) => byte !== 0)] === OP.STOP;

async function inspectAttributes(inspection: Inspection, object: Hdf5Object, path: string): Promise<void> {
  for (const { name, value, offset } of object.attributes) {
    if (value === null) continue;
    const pointer = `${path}@${name.slice(0, 64)}`;
    const text = pythonJsonText(value);
    if (beginsAsJson(text) || KERAS_CONFIG.test(name)) {
      try {
        inspectKerasConfig(inspection, parsePythonJson(text), { offset, pointer });
        continue;
      } catch {
        if (CONFIG.test(name))
          inspection.report('malformed', `has a \`${printable(name)}\` that is not JSON`, {
            offset,
            pointer,
          });
      }
    }
    if (name === 'PSEUDOATOM' && Buffer.from(value).toString('latin1').startsWith('object'))
      inspection.report('embedded-pickle', 'keeps Python objects as pickles', { offset, pointer });
    if (
      value.length > 2 &&
      (endsAsPickle(value) ||
        value[0] === OP.PROTO ||
        Buffer.from(value.subarray(0, 2))
          .toString('latin1')
          .match(/^[c(\]}]/))
    )
      await inspection.part(`${path}@${printable(name)}`, new BytesSource(value));
  }
}

/** HDF5: Keras models and weights, tables of pandas; links and data that lie in other files. Data are not read. */
export const hdf5: Format = {
  name: 'hdf5',
  recognise: ({ inspection }) => hdf5Start(inspection.source) >= 0,
  inspect: async (inspection) => {
    const { source } = inspection;
    const start = hdf5Start(source);
    const file = new Hdf5File(source, start);
    const open: { address: number; path: string }[] = [{ address: file.rootAddress, path: '/' }];
    const seen = new Set<number>();
    while (open.length > 0) {
      const { address, path } = open.pop()!;
      if (address < 0 || seen.has(address)) continue;
      seen.add(address);
      if (seen.size > OBJECTS_MAX || inspection.budget.outOfTime)
        return inspection.report('too-much', 'holds more objects than are read');
      let object: Hdf5Object;
      try {
        object = file.object(address);
      } catch (fault) {
        if (!(fault instanceof Truncated || fault instanceof Malformed)) throw fault;
        inspection.report('malformed', `is not sound as hdf5: ${fault.message}`, {
          offset: fault.offset,
          pointer: path,
        });
        continue;
      }
      if (object.partial)
        inspection.report('unreadable-member', 'keeps attributes in a way that is not read here', {
          pointer: path,
        });
      if (object.virtual)
        inspection.report('external-data', 'takes its data from other data sets or files', { pointer: path });
      for (const name of object.externalFiles)
        inspection.report('external-data', `keeps its data in \`${printable(name)}\``, { pointer: path });
      await inspectAttributes(inspection, object, path);
      for (const link of object.links) {
        const pointer = `${path === '/' ? '' : path}/${link.name.slice(0, 64)}`;
        if (link.external !== undefined)
          inspection.report('external-data', `links to \`${printable(link.external)}\``, {
            pointer,
            offset: link.offset,
          });
        else open.push({ address: link.address, path: pointer });
      }
    }
  },
};
