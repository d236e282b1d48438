/** Features of an application for credit, in the order the model takes them. */
export const FEATURES = [
  'income',
  'amount',
  'debtRatio',
  'creditYears',
  'latePayments',
  'employmentYears',
] as const;

/** One labelled application. */
interface Application {
  readonly features: readonly number[];
  /** 1 where the credit was repaid. */
  readonly repaid: 0 | 1;
}

/** A deterministic source of numbers in [0, 1): the mulberry32 generator, public domain. */
export function random(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const normal = (next: () => number): number =>
  Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));

/** Invents applications: no row describes anybody. The same seed gives the same rows. */
export function generateApplications(count: number, seed: number): Application[] {
  const next = random(seed);
  return Array.from({ length: count }, () => {
    const income = clamp(Math.exp(10.6 + 0.5 * normal(next)), 8_000, 400_000);
    const amount = clamp(income * (0.1 + 0.6 * next()), 1_000, 200_000);
    const debtRatio = clamp(0.3 + 0.2 * normal(next), 0, 1.5);
    const creditYears = clamp(next() * 25, 0, 40);
    const latePayments = Math.floor(clamp(-1.2 * Math.log(1 - next()) * (1 + debtRatio), 0, 12));
    const employmentYears = clamp(next() * next() * 30, 0, 40);
    const score =
      1.6 -
      2.2 * (amount / income) -
      2.4 * debtRatio +
      0.05 * creditYears -
      0.55 * latePayments +
      0.06 * employmentYears +
      0.8 * normal(next);
    return {
      features: [income, amount, debtRatio, creditYears, latePayments, employmentYears],
      repaid: score > 0 ? 1 : 0,
    };
  });
}
