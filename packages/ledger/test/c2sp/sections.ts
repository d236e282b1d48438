import { describe, it } from 'node:test';

/** Checks of one text of C2SP: by its sections, then by what a section demands, in words of our own. */
export type Sections = Readonly<Record<string, Readonly<Record<string, () => unknown>>>>;

/** One test for each demand, named by text and section. */
export function holds(text: string, sections: Sections): void {
  describe(`c2sp.org/${text}`, () => {
    for (const [section, demands] of Object.entries(sections))
      describe(`"${section}"`, () => {
        for (const [demand, check] of Object.entries(demands)) it(demand, async () => void (await check()));
      });
  });
}
