// Measures the injection rules on labelled texts: `npm run bench guard -- FOLDER`. FOLDER holds JSON Lines files with
// `text` and `label` (0 benign, 1 attack). Nothing is tuned here: the rules fire or they do not.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Inspector } from '@sallyport/guard';

const folder = process.argv[2];
if (!folder) {
  process.stderr.write('name a folder of JSON Lines files\n');
  process.exit(2);
}

/** Wilson score interval at 95 %, in percent. */
function wilson(hits: number, of: number): string {
  const z = 1.96;
  const p = hits / of;
  const middle = (p + (z * z) / (2 * of)) / (1 + (z * z) / of);
  const half = (z / (1 + (z * z) / of)) * Math.sqrt((p * (1 - p)) / of + (z * z) / (4 * of * of));
  return `${(Math.max(0, middle - half) * 100).toFixed(1)}–${((middle + half) * 100).toFixed(1)} %`;
}

const inspector = new Inspector();
const totals = { benign: [0, 0], attack: [0, 0] };
for (const name of readdirSync(folder)
  .filter((file) => file.endsWith('.jsonl'))
  .sort()) {
  const counts = { benign: [0, 0], attack: [0, 0] };
  const channel = /bipia|email/i.test(name) ? 'document' : 'user';
  for (const line of readFileSync(join(folder, name), 'utf8').split('\n')) {
    if (line === '') continue;
    const { text, label } = JSON.parse(line) as { text: string; label: number };
    if (label > 1) continue;
    const kind = label === 0 ? 'benign' : 'attack';
    const fired = inspector
      .inspect({ text, pointer: '', channel })
      .some((one) => one.detector === 'injection');
    for (const sum of [counts, totals]) {
      sum[kind][1]!++;
      if (fired) sum[kind][0]!++;
    }
  }
  for (const kind of ['benign', 'attack'] as const) {
    const [hits, of] = counts[kind] as [number, number];
    if (of > 0)
      process.stdout.write(
        `| ${name.replace('.jsonl', '')} | ${kind} | ${hits} | ${of} | ${((hits / of) * 100).toFixed(1)} % | ${wilson(hits, of)} |\n`,
      );
  }
}
for (const kind of ['benign', 'attack'] as const) {
  const [hits, of] = totals[kind] as [number, number];
  if (of > 0)
    process.stdout.write(
      `| **all** | ${kind} | ${hits} | ${of} | ${((hits / of) * 100).toFixed(1)} % | ${wilson(hits, of)} |\n`,
    );
}
