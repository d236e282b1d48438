// Doubles the size of what each pass gets: `npm run bench linear [-- NAME]`. A pass that is linear takes twice as long.
import { DOUBLINGS, measure } from './measure.ts';
import { PASSES } from './passes.ts';

const wanted = process.argv[2];
const print = (line: string): void => void process.stdout.write(`${line}\n`);
print(`| pass | size | ms | × for each of ${DOUBLINGS} doublings |\n|---|---|---|---|`);
for (const [name, pass] of Object.entries(PASSES)) {
  if (wanted !== undefined && !name.includes(wanted)) continue;
  const { ms, growth, sizes } = await measure(pass);
  const times = ms.map((one) => one.toFixed(1)).join(' → ');
  print(
    `| ${name} | ${sizes[0]} → ${sizes.at(-1)} | ${times} | ${growth.toFixed(2)}${growth > 2.8 ? ' !' : ''} |`,
  );
}
