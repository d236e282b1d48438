import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CodedError } from '@sallyport/core';
import { loadConfig } from '@sallyport/server';
import type { Boundary } from './boundary.ts';
import { mutateBytes, mutateDocument } from './mutate.ts';

const YAML = `gateway: { port: 0, host: 127.0.0.1 }
control: { port: 0 }
systems:
  chat: &base
    dialect: openai
    urls: [https://api.example.com/v1]
    mode: enforce
    models: [m, n]
    policy: { input: { pii: deny }, output: { link: flag } }
    limits: { requestsPerMinute: 600, tokensPerMinute: 200000 }
    links: { hosts: [docs.example.com, '*.cdn.example.com'] }
  other:
    <<: *base
    mode: observe
record: { everySeconds: 60 }
`;
const CONFIG = {
  gateway: { port: 0 },
  systems: {
    chat: {
      dialect: 'openai',
      urls: ['https://api.example.com/v1'],
      limits: { requestsPerMinute: 10 },
      privacy: { names: true, countries: ['DE'] },
    },
  },
  deadlines: { idleMs: 1_000 },
};

/** Configuration files, as written and as JSON, which YAML includes. */
export async function configurationFiles(): Promise<Boundary> {
  const file = join(mkdtempSync(join(tmpdir(), 'sallyport-config-')), 'sallyport.yaml');
  return {
    name: 'configuration files',
    deadlineMs: 10_000,
    send: async (random) => {
      writeFileSync(
        file,
        random.chance(0.5) ? mutateBytes(Buffer.from(YAML), random) : mutateDocument(CONFIG, random),
      );
      try {
        loadConfig(file);
      } catch (fault) {
        assert.ok(fault instanceof CodedError, `a file that is not valid ends in ${String(fault)}`);
        assert.equal(fault.code, 'config-invalid');
        assert.ok(fault.message.length < 2_000, 'the message is short enough to read');
      }
    },
    honest: async () => {
      writeFileSync(file, JSON.stringify(CONFIG));
      assert.equal(loadConfig(file).systems['chat']?.dialect, 'openai');
    },
    close: async () => {},
  };
}
