import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Pkcs11Library } from '../src/providers/pkcs11.ts';

const MODULES = ['/usr/lib/softhsm/libsofthsm2.so', '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so'];

/** A token of SoftHSM. */
export interface SoftToken {
  readonly library: Pkcs11Library;
  readonly module: string;
  readonly pin: string;
  /** Makes another token. */
  make(label: string): void;
}

/** The package with a native part, where it is installed and built: beside this one, or where `SALLYPORT_PKCS11JS` says. */
function pkcs11js(): Pkcs11Library | null {
  try {
    return createRequire(import.meta.url)(process.env['SALLYPORT_PKCS11JS'] ?? 'pkcs11js') as Pkcs11Library;
  } catch {
    return null;
  }
}

/** Makes tokens in a folder of their own; says in words what is missing, where something is. */
export function softHsm(folder: string): SoftToken | string {
  const module = MODULES.find((path) => existsSync(path));
  const library = pkcs11js();
  if (!module) return 'SoftHSM is not installed';
  if (!library) return 'pkcs11js is not installed (SALLYPORT_PKCS11JS)';
  const [tokens, conf] = [join(folder, 'tokens'), join(folder, 'softhsm2.conf')];
  mkdirSync(tokens, { recursive: true });
  writeFileSync(conf, `directories.tokendir = ${tokens}\nobjectstore.backend = file\nlog.level = ERROR\n`);
  process.env['SOFTHSM2_CONF'] = conf;
  const pin = '1234';
  return {
    library,
    module,
    pin,
    make: (label) => {
      const made = spawnSync('softhsm2-util', [
        '--init-token',
        '--free',
        '--label',
        label,
        '--so-pin',
        '5678',
        '--pin',
        pin,
      ]);
      if (made.status !== 0) throw new Error(made.stderr.toString());
    },
  };
}
