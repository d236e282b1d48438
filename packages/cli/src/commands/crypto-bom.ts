import { withClient } from '../client.ts';
import type { Command } from '../commands.ts';
import { print, printJson } from '../output.ts';
import { writeOutput } from '../output-file.ts';

interface Bom {
  readonly metadata: { readonly properties: readonly { readonly value: string }[] };
  readonly components: readonly unknown[];
}

/** Writes a bill of materials of everything cryptographic. */
export const cryptoBom: Command = {
  name: 'crypto-bom',
  usage: 'crypto-bom [--out FILE]',
  summary:
    'list every key, algorithm, age and parent (CycloneDX 1.7); exit 1 for what a quantum computer opens',
  options: { out: { type: 'string' } },
  async run(options) {
    const bom = await withClient(options, (client) => client.call<Bom>('GET', '/api/v1/crypto-bom'));
    const path = options.text('out');
    const weak = bom.metadata.properties.map(({ value }) => value);
    if (path !== undefined) writeOutput(path, `${JSON.stringify(bom, null, 2)}\n`);
    if (options.json || path === undefined) printJson(bom);
    else print(`${bom.components.length} assets in ${path}`, ...weak);
    return weak.length > 0 ? 1 : 0;
  },
};
