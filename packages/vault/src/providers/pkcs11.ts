import { hash, randomBytes } from 'node:crypto';
import { CodedError, type KeyProvider } from '@sallyport/core';

type Handle = Buffer;
type Template = { readonly type: number; readonly value?: boolean | number | string | Buffer }[];

/** What is used of the package `pkcs11js`, whose native part is built where it is installed (PKCS#11 2.40). */
export interface Pkcs11Library {
  readonly PKCS11: new () => Pkcs11Module;
  readonly [constant: `CK${string}`]: number;
}

interface Pkcs11Module {
  load(path: string): void;
  C_Initialize(): void;
  C_GetSlotList(withToken: boolean): Handle[];
  C_GetTokenInfo(slot: Handle): { readonly label: string; readonly serialNumber: string };
  C_OpenSession(slot: Handle, flags: number): Handle;
  C_CloseSession(session: Handle): void;
  C_Login(session: Handle, user: number, pin: string): void;
  C_FindObjectsInit(session: Handle, template: Template): void;
  C_FindObjects(session: Handle): Handle | null;
  C_FindObjectsFinal(session: Handle): void;
  C_GetAttributeValue(session: Handle, object: Handle, template: Template): { readonly value: Buffer }[];
  C_GenerateKey(session: Handle, mechanism: object, template: Template): Handle;
  C_EncryptInit(session: Handle, mechanism: object, key: Handle): void;
  C_Encrypt(session: Handle, plain: Buffer, out: Buffer): Buffer;
  C_DecryptInit(session: Handle, mechanism: object, key: Handle): void;
  C_Decrypt(session: Handle, sealed: Buffer, out: Buffer): Buffer;
}

/** A key in a token: a smart card, a hardware security module, or SoftHSM. */
export interface Pkcs11Settings {
  /** The library of its vendor, such as `/usr/lib/softhsm/libsofthsm2.so`. */
  readonly module: string;
  /** Labels of the token and of the key in it (AES-256). */
  readonly token: string;
  readonly key: string;
  /** Read anew each time. */
  readonly pin: () => string | null;
  /** Whether a key that is not there is made: only for a new data folder. */
  readonly create: boolean;
}

const IV_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;
const ID_BYTES = 16;
const ALREADY_INITIALIZED = 0x191;
const ALREADY_LOGGED_IN = 0x100;

const codeOf = (fault: unknown): number | null => {
  const { code } = fault as { code?: unknown };
  return typeof code === 'number' ? code : null;
};

/** The words of a fault, which name a return value of PKCS#11 and nothing of what was sent. */
const wordsOf = (fault: unknown): string => (/CKR_\w+/.exec((fault as Error).message) ?? ['no answer'])[0];

const unavailable = (why: string, cause?: unknown): CodedError =>
  new CodedError('key-provider-unavailable', `the token ${why}`, { cause });

/** Modules that are loaded: one may be initialised once in a process. */
const modules = new Map<string, Pkcs11Module>();

function moduleAt(library: Pkcs11Library, path: string): Pkcs11Module {
  const known = modules.get(path);
  if (known) return known;
  const module = new library.PKCS11();
  try {
    module.load(path);
    module.C_Initialize();
  } catch (cause) {
    if (codeOf(cause) !== ALREADY_INITIALIZED)
      throw unavailable(`cannot be reached: the module \`${path}\` does not load`, cause);
  }
  modules.set(path, module);
  return module;
}

interface OpenToken {
  readonly session: Handle;
  readonly key: Handle;
  readonly id: string;
}

function openToken(library: Pkcs11Library, module: Pkcs11Module, settings: Pkcs11Settings): OpenToken {
  const { token, key: label, pin, create } = settings;
  const slot = module
    .C_GetSlotList(true)
    .find((one) => module.C_GetTokenInfo(one).label.replace(/(?<![\0 ])[\0 ]+$/, '') === token);
  if (!slot) throw unavailable(`\`${token}\` is not there`);
  const secret = pin();
  if (secret === null) throw unavailable('needs its PIN, and `keys.root.pinRef` holds none');
  const session = module.C_OpenSession(slot, library['CKF_SERIAL_SESSION']! | library['CKF_RW_SESSION']!);
  try {
    module.C_Login(session, library['CKU_USER']!, secret);
  } catch (cause) {
    // Not tried again: a few wrong ones lock it.
    if (codeOf(cause) !== ALREADY_LOGGED_IN)
      throw unavailable(`refuses its PIN (${wordsOf(cause)}); see \`keys.root.pinRef\``, cause);
  }
  const named: Template = [
    { type: library['CKA_CLASS']!, value: library['CKO_SECRET_KEY']! },
    { type: library['CKA_LABEL']!, value: label },
  ];
  module.C_FindObjectsInit(session, named);
  const found = [module.C_FindObjects(session), module.C_FindObjects(session)].filter((one) => one !== null);
  module.C_FindObjectsFinal(session);
  if (found.length > 1)
    throw new CodedError('config-invalid', `\`keys.root\`: the token holds more than one key \`${label}\``);
  const key = found[0] ?? (create ? newKey(library, module, session, named) : null);
  if (!key) throw new CodedError('root-key-missing', `the token \`${token}\` holds no key \`${label}\``);
  const [id, extractable] = module.C_GetAttributeValue(session, key, [
    { type: library['CKA_ID']! },
    { type: library['CKA_EXTRACTABLE']! },
  ]);
  if (extractable!.value[0] !== 0)
    throw new CodedError(
      'config-invalid',
      `\`keys.root\`: the key \`${label}\` may leave the token; make one that may not`,
    );
  const serial = module.C_GetTokenInfo(slot).serialNumber;
  const name = `sallyport pkcs11 root\0${serial}\0${label}\0${id!.value.toString('hex')}`;
  return { session, key, id: hash('sha256', name, 'hex').slice(0, 16) };
}

const newKey = (library: Pkcs11Library, module: Pkcs11Module, session: Handle, named: Template): Handle =>
  module.C_GenerateKey(session, { mechanism: library['CKM_AES_KEY_GEN']! }, [
    ...named,
    { type: library['CKA_ID']!, value: randomBytes(ID_BYTES) },
    { type: library['CKA_VALUE_LEN']!, value: KEY_BYTES },
    { type: library['CKA_TOKEN']!, value: true },
    { type: library['CKA_PRIVATE']!, value: true },
    { type: library['CKA_SENSITIVE']!, value: true },
    { type: library['CKA_EXTRACTABLE']!, value: false },
    { type: library['CKA_ENCRYPT']!, value: true },
    { type: library['CKA_DECRYPT']!, value: true },
  ]);

/**
 * A root that never leaves a token: keys are wrapped and unwrapped in it (AES-256-GCM, PKCS#11 2.40, section 2.12).
 * @param library the package `pkcs11js`
 * @throws CodedError `key-provider-unavailable`, `root-key-missing`, `config-invalid`
 */
export function pkcs11Root(library: Pkcs11Library, settings: Pkcs11Settings): KeyProvider {
  const module = moduleAt(library, settings.module);
  const attempt = (): OpenToken => {
    try {
      return openToken(library, module, settings);
    } catch (cause) {
      throw cause instanceof CodedError ? cause : unavailable(`does not answer (${wordsOf(cause)})`, cause);
    }
  };
  let open = attempt();
  const gcm = (iv: Buffer, aad: Buffer) => ({
    mechanism: library['CKM_AES_GCM']!,
    parameter: {
      type: library['CK_PARAMS_AES_GCM_v240']!,
      iv,
      ivBits: IV_BYTES * 8,
      aad,
      tagBits: TAG_BYTES * 8,
    },
  });
  const encrypt = (plain: Buffer, context: Buffer): Buffer => {
    const iv = randomBytes(IV_BYTES);
    module.C_EncryptInit(open.session, gcm(iv, context), open.key);
    const sealed = module.C_Encrypt(open.session, plain, Buffer.alloc(plain.length + TAG_BYTES));
    return Buffer.concat([iv, sealed]);
  };
  const decrypt = (wrapped: Buffer, context: Buffer): Buffer => {
    const sealed = wrapped.subarray(IV_BYTES);
    module.C_DecryptInit(open.session, gcm(wrapped.subarray(0, IV_BYTES), context), open.key);
    return module.C_Decrypt(open.session, sealed, Buffer.alloc(sealed.length));
  };
  /** Whether it answers; a session that was lost is opened anew. */
  const answers = (): boolean => {
    const own = Buffer.from('does it answer');
    try {
      return decrypt(encrypt(own, own), own).equals(own);
    } catch {
      return false;
    }
  };
  const again = <T>(work: () => T): T => {
    try {
      return work();
    } catch (cause) {
      if (answers()) throw cause;
      const { id } = open;
      open = attempt();
      if (open.id !== id) throw new CodedError('root-key-wrong', 'the token holds another key than it did');
      return work();
    }
  };
  return {
    id: open.id,
    kind: 'pkcs11',
    async wrap(plain, context) {
      try {
        return again(() => encrypt(Buffer.from(plain), Buffer.from(context)));
      } catch (cause) {
        throw cause instanceof CodedError ? cause : unavailable(`does not wrap (${wordsOf(cause)})`, cause);
      }
    },
    async unwrap(wrapped, context) {
      if (wrapped.length <= IV_BYTES + TAG_BYTES)
        throw new CodedError('root-key-wrong', 'it was not wrapped by a token');
      try {
        return again(() => decrypt(Buffer.from(wrapped), Buffer.from(context)));
      } catch (cause) {
        if (cause instanceof CodedError) throw cause;
        // Tokens tell in many ways that a tag is wrong; one that answers otherwise is not out of reach.
        if (answers())
          throw new CodedError(
            'root-key-wrong',
            `the key \`${settings.key}\` of the token does not open it`,
            { cause },
          );
        throw unavailable(`does not answer (${wordsOf(cause)})`, cause);
      }
    },
  };
}
