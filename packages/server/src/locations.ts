import { readFileSync, statSync } from 'node:fs';
import { CodedError } from '@sallyport/core';
import type { Whereabouts } from '@sallyport/monitor';
import type { CityResponse, Reader } from 'mmdb-lib';

/** Radius where a database does not say how sure it is, in kilometres. */
const RADIUS_KM = 100;

/** Places of addresses, from a file in MaxMind's format that the operator keeps (GeoLite2 City, DB-IP City Lite). */
export class Locations {
  #loaded: { readonly reader: Reader<CityResponse>; readonly changedMs: number } | null = null;

  /** The place of an address; null when the file does not know. @throws CodedError `config-invalid` */
  async place(file: string, address: string): Promise<Whereabouts['place']> {
    const reader = await this.#reader(file);
    let found: CityResponse | null;
    try {
      found = reader.get(address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*/s, ''));
    } catch {
      return null;
    }
    const { latitude, longitude, accuracy_radius: radius } = found?.location ?? {};
    if (typeof latitude !== 'number' || typeof longitude !== 'number') return null;
    return { latitude, longitude, radiusKm: typeof radius === 'number' ? radius : RADIUS_KM };
  }

  /** Reads the file anew when it changed: such files are replaced every month. */
  async #reader(file: string): Promise<Reader<CityResponse>> {
    try {
      const { mtimeMs } = statSync(file);
      if (this.#loaded?.changedMs === mtimeMs) return this.#loaded.reader;
      // Loaded where it is configured: nobody else needs it.
      const { Reader: Opened } = await import('mmdb-lib');
      const reader = new Opened<CityResponse>(readFileSync(file));
      this.#loaded = { reader, changedMs: mtimeMs };
      return reader;
    } catch (cause) {
      throw new CodedError('config-invalid', '`access.locations`: the file is no MaxMind database', {
        cause,
      });
    }
  }
}
