import { configJsonSchema } from '@sallyport/core';
import type { Command } from '../commands.ts';
import { printJson } from '../output.ts';

/** Prints the JSON Schema of `sallyport.yaml`, for editors. */
export const schema: Command = {
  name: 'schema',
  usage: 'schema',
  summary: 'print the JSON Schema of sallyport.yaml',
  async run() {
    printJson(configJsonSchema());
    return 0;
  },
};
