import { z } from 'zod';

const number = z.number();

/** What a column of training data holds. */
const featureProfileSchema = z.strictObject({
  name: z.string().min(1).max(200),
  kind: z.enum(['number', 'category']),
  /** Of numbers: the least and the most seen, and the middle 99.8 %. */
  least: number,
  most: number,
  low: number,
  high: number,
  mean: number,
  deviation: number.min(0),
  /** Whether every number was whole. */
  whole: z.boolean(),
  /** Most decimal places seen, where they were few; null where they say nothing. */
  decimals: z.int().min(0).max(16).nullable(),
  /** Of categories: those seen. */
  values: z.array(z.string().max(1_000)).max(256),
});

/** What rows for a classifier look like: learned from its training data, and what new ones are held against. */
export const rowProfileSchema = z
  .strictObject({
    format: z.literal('sallyport-rows-1'),
    rows: z.int().min(1),
    features: z.array(featureProfileSchema).min(1).max(256),
    /** Of the numeric features together: the inverse of their correlations, and the distance that 1 in 1,000 rows exceed. */
    joint: z.strictObject({ inverse: z.array(z.array(number).max(256)).max(256), limit: number }),
    /** Rows that stand for all, standardised, and the distance to the nearest that 1 in 1,000 rows exceed. */
    known: z.strictObject({ rows: z.array(z.array(number).max(256)).max(512), limit: number }),
  })
  .refine(({ features, joint, known }) => {
    const width = features.filter(({ kind }) => kind === 'number').length;
    const square = joint.inverse.length === width && joint.inverse.every((row) => row.length === width);
    return square && known.rows.every((row) => row.length === width);
  }, 'the sizes in it do not belong together');
export type RowProfile = z.infer<typeof rowProfileSchema>;
export type FeatureProfile = RowProfile['features'][number];
