import { tableOf } from '@sallyport/core';
/**
 * The base score of a CVSS vector of version 3.0 or 3.1 (FIRST, CVSS v3.1 specification, section 7), or a floor for version 4.0,
 * whose scores need a table of 270 rows: by the impact it states on the vulnerable system and whether it can be reached from a network.
 * @returns 0 to 10, null for what is no such vector
 */
export function cvssScore(vector: string): number | null {
  const fields = new Map(
    vector
      .split('/')
      .slice(1)
      .map((part) => part.split(':') as [string, string]),
  );
  if (/^CVSS:3\.[01]\//.test(vector)) return scoreOf3(fields);
  if (vector.startsWith('CVSS:4.0/')) return floorOf4(fields);
  const plain = Number(vector);
  return vector.trim() !== '' && plain >= 0 && plain <= 10 ? plain : null;
}

const WEIGHTS: Readonly<Record<string, Readonly<Record<string, number>>>> = tableOf({
  AV: { N: 0.85, A: 0.62, L: 0.55, P: 0.2 },
  AC: { L: 0.77, H: 0.44 },
  UI: { N: 0.85, R: 0.62 },
  C: { H: 0.56, L: 0.22, N: 0 },
  I: { H: 0.56, L: 0.22, N: 0 },
  A: { H: 0.56, L: 0.22, N: 0 },
});
const PRIVILEGES: Readonly<Record<string, Readonly<Record<string, number>>>> = tableOf({
  U: { N: 0.85, L: 0.62, H: 0.27 },
  C: { N: 0.85, L: 0.68, H: 0.5 },
});

/** Rounds up to one decimal, in whole numbers, as the specification does (appendix A). */
function roundUp(value: number): number {
  const whole = Math.round(value * 100_000);
  return whole % 10_000 === 0 ? whole / 100_000 : (Math.floor(whole / 10_000) + 1) / 10;
}

function scoreOf3(fields: ReadonlyMap<string, string>): number | null {
  const scope = fields.get('S');
  const weight = (name: string): number | undefined => WEIGHTS[name]?.[fields.get(name) ?? ''];
  const privileges = PRIVILEGES[scope ?? '']?.[fields.get('PR') ?? ''];
  const [av, ac, ui, c, i, a] = ['AV', 'AC', 'UI', 'C', 'I', 'A'].map(weight);
  if ([privileges, av, ac, ui, c, i, a].includes(undefined)) return null;
  const lost = 1 - (1 - c!) * (1 - i!) * (1 - a!);
  const impact = scope === 'U' ? 6.42 * lost : 7.52 * (lost - 0.029) - 3.25 * (lost - 0.02) ** 15;
  if (impact <= 0) return 0;
  const exploitability = 8.22 * av! * ac! * privileges! * ui!;
  const both = impact + exploitability;
  return roundUp(Math.min(scope === 'U' ? both : 1.08 * both, 10));
}

function floorOf4(fields: ReadonlyMap<string, string>): number | null {
  const impacts = ['VC', 'VI', 'VA', 'SC', 'SI', 'SA'].map((name) => fields.get(name));
  if (impacts.includes(undefined)) return null;
  const isRemote = fields.get('AV') === 'N' && fields.get('AC') === 'L' && fields.get('PR') === 'N';
  const high = impacts.slice(0, 3).filter((impact) => impact === 'H').length;
  if (high >= 2 && isRemote && fields.get('UI') === 'N' && fields.get('AT') === 'N') return 9;
  if (high > 0) return isRemote || high === 3 ? 7 : 5;
  return impacts.some((impact) => impact !== 'N') ? 4 : 0;
}
