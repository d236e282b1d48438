// The gateway under test: every stage on, durable record included; `--no-detectors` leaves inspection out.
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { parseConfig } from '@sallyport/core';
import { startServer } from '@sallyport/server';

const limits = {
  requestsPerMinute: 10_000_000,
  tokensPerMinute: 1_000_000_000,
  concurrent: 10_000,
  spendMicroUsdPerDay: 1_000_000_000,
};
const data = mkdtempSync(join(import.meta.dirname, 'out', 'data-'));
const server = await startServer({
  data,
  rootKey: join(data, '..', `${data.split('/').at(-1)}.key`),
  demo: false,
  workers: 1,
  detectors: !process.argv.includes('--no-detectors'),
  config: parseConfig({
    gateway: { port: 0 },
    control: { port: 0 },
    systems: {
      mock: { dialect: 'openai', urls: [process.argv[2]], allowPrivate: true, mode: 'enforce', limits },
    },
  }),
});
const { key } = await server.control.apiKeys.create('bench', { name: 'bench', systems: ['mock'], limits });
process.once('SIGINT', () => void server.stop().then(() => process.exit(0)));
process.stdout.write(
  `${JSON.stringify({ url: server.gatewayUrl, headers: { authorization: `Bearer ${key}` } })}\n`,
);
