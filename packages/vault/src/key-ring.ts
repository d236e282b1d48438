import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CodedError, clock, type KeyProvider, newId, UnderWay } from '@sallyport/core';
import { syncFolder, writeDurably } from './durable.ts';
import { type Envelope, unwrapKey, wrapKey } from './envelope.ts';
import { encodeContext, type KeyContext } from './key-context.ts';
import { isWrapped, readKeyFile } from './key-file.ts';
import { KEY_PURPOSES, type KeyPurpose } from './key-purposes.ts';
import { DEFAULT_SUITE, isSuite, type SuiteName, WRAPPING_SUITES } from './suites.ts';

/** A key that wraps keys, as it is kept: its private half wrapped by the root. */
interface KeyFile {
  readonly id: string;
  readonly purpose: KeyPurpose;
  readonly owner: string;
  readonly version: number;
  readonly suite: SuiteName;
  readonly createdAt: string;
  /** Kept for what it wrapped before; it wraps nothing new. */
  readonly retiredAt: string | null;
  readonly provider: string;
  readonly publicKey: string;
  readonly wrapped: string;
}

/** A key-encryption key as lists show it. */
export type KeyEncryptionKey = Omit<KeyFile, 'wrapped' | 'publicKey'>;

/** Milliseconds that private halves stay in memory when the root cannot be reached to confirm them. */
const CACHE_MS = 12 * 3_600_000;

const contextOf = ({ id, purpose, owner, version }: Pick<KeyFile, 'id' | 'purpose' | 'owner' | 'version'>) =>
  encodeContext({ purpose: `key-encryption:${purpose}`, owner, object: id, version });
const useOf = (purpose: KeyPurpose, owner: string): string => `${purpose}\n${owner}`;

/** The keys between the root and what seals content: one for each purpose and owner, kept apart from the data. */
export class KeyRing {
  readonly folder: string;
  #provider: KeyProvider;
  #suite: SuiteName = DEFAULT_SUITE;
  readonly #files = new Map<string, KeyFile>();
  readonly #seeds = new Map<string, Uint8Array>();
  /** The one that wraps, by purpose and owner. */
  readonly #active = new Map<string, string>();
  readonly #making = new UnderWay<KeyFile>();
  #confirmedMs = clock.nowMs();

  private constructor(folder: string, provider: KeyProvider) {
    this.folder = folder;
    this.#provider = provider;
  }

  /**
   * Opens the ring, unwrapping every key in it. What is wrapped anew goes under the suite of its newest key.
   * @param folder apart from the data: a backup of the data without it can be opened by nobody
   * @throws CodedError `root-key-wrong`, `key-provider-unavailable`
   */
  static async open(folder: string, provider: KeyProvider): Promise<KeyRing> {
    const ring = new KeyRing(folder, provider);
    for (const name of existsSync(folder) ? readdirSync(folder).sort() : []) {
      if (!/^kek_[0-9a-z]+\.json$/.test(name)) continue;
      const file = readKeyFile<KeyFile>(join(folder, name), isWrapped);
      if (!isSuite(file.suite))
        throw new CodedError('root-key-wrong', `\`${name}\` is of a suite that this version does not know`);
      ring.#remember(file, await provider.unwrap(Buffer.from(file.wrapped, 'base64'), contextOf(file)));
    }
    const newest = [...ring.#files.values()].sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1)).at(-1);
    if (newest) ring.#suite = newest.suite;
    return ring;
  }

  #remember(file: KeyFile, seed: Uint8Array): void {
    this.#files.set(file.id, file);
    this.#seeds.set(file.id, seed);
    if (file.retiredAt !== null) return;
    const use = useOf(file.purpose, file.owner);
    const other = this.#files.get(this.#active.get(use) ?? '');
    if (!other || other.version < file.version) this.#active.set(use, file.id);
  }

  #write(file: KeyFile): void {
    writeDurably(join(this.folder, `${file.id}.json`), `${JSON.stringify(file)}\n`, 0o600);
    this.#files.set(file.id, file);
  }

  async #make(purpose: KeyPurpose, owner: string): Promise<KeyFile> {
    const { kem } = WRAPPING_SUITES[this.#suite];
    const seed = randomBytes(kem.seedBytes);
    const before = this.#files.get(this.#active.get(useOf(purpose, owner)) ?? '');
    const id = newId('kek');
    const version = (before?.version ?? 0) + 1;
    const file: KeyFile = {
      id,
      purpose,
      owner,
      version,
      suite: this.#suite,
      createdAt: clock.nowIso(),
      retiredAt: null,
      provider: this.#provider.id,
      publicKey: Buffer.from(kem.publicKey(seed)).toString('base64'),
      wrapped: Buffer.from(
        await this.#provider.wrap(seed, contextOf({ id, purpose, owner, version })),
      ).toString('base64'),
    };
    this.#write(file);
    this.#remember(file, seed);
    return file;
  }

  /** Makes sure that there is a key for a purpose and an owner. @throws CodedError `key-provider-unavailable` */
  async ensure(purpose: KeyPurpose, owner = ''): Promise<void> {
    const use = useOf(purpose, owner);
    if (this.#active.has(use)) return;
    await this.#making.of(use, () => this.#make(purpose, owner));
  }

  /** Wraps a key for a purpose and an owner. @throws CodedError `sealed-content-unreadable` where {@link ensure} was not called, or it was destroyed */
  wrap(context: KeyContext & { readonly purpose: KeyPurpose }, key: Uint8Array): Envelope {
    const file = this.#files.get(this.#active.get(useOf(context.purpose, ownerOf(context))) ?? '');
    if (!file) throw new CodedError('sealed-content-unreadable', 'there is no key to wrap under');
    return wrapKey(file.suite, file.id, Buffer.from(file.publicKey, 'base64'), context, key);
  }

  /** @throws CodedError `sealed-content-unreadable`, `key-provider-unavailable` where the root was out of reach for too long */
  unwrap(envelope: Envelope, context: KeyContext & { readonly purpose: KeyPurpose }): Uint8Array {
    const file = this.#files.get(envelope.keyId);
    const seed = this.#seeds.get(envelope.keyId);
    if (!file)
      throw new CodedError('sealed-content-unreadable', 'the key that it was wrapped under was destroyed');
    if (!seed) throw new CodedError('key-provider-unavailable');
    if (file.purpose !== context.purpose || file.owner !== ownerOf(context))
      throw new CodedError('sealed-content-unreadable', 'it was wrapped for another purpose');
    return unwrapKey(envelope, seed, context);
  }

  /** Whether there is a key. */
  has(id: string): boolean {
    return this.#files.has(id);
  }

  /** Whether a key is the newest of its purpose and owner: the one that wraps. */
  isCurrent(id: string): boolean {
    const file = this.#files.get(id);
    return file !== undefined && this.#active.get(useOf(file.purpose, file.owner)) === file.id;
  }

  /**
   * Makes a new key for a purpose and an owner; the one before stays for what it wrapped, until {@link drop}.
   * @param suite of what is wrapped from now on
   */
  async rotate(
    purpose: KeyPurpose,
    owner: string,
    suite: SuiteName = this.#suite,
  ): Promise<KeyEncryptionKey> {
    this.#suite = suite;
    const before = this.#files.get(this.#active.get(useOf(purpose, owner)) ?? '');
    const file = await this.#make(purpose, owner);
    if (before) this.#write({ ...before, retiredAt: clock.nowIso() });
    return shown(file);
  }

  /** Destroys one key: whatever only it opens is gone, in every backup too. */
  drop(id: string): void {
    const file = this.#files.get(id);
    if (!file) return;
    rmSync(join(this.folder, `${id}.json`), { force: true });
    syncFolder(this.folder);
    this.#files.delete(id);
    this.#seeds.get(id)?.fill(0);
    this.#seeds.delete(id);
    const use = useOf(file.purpose, file.owner);
    if (this.#active.get(use) === id) this.#active.delete(use);
  }

  /**
   * Wraps every key under another root, or under the same one anew. Each file is replaced on its own: cut short, some are
   * under the one and some under the other, and {@link open} with a provider that knows both goes on.
   */
  async changeRoot(
    next: KeyProvider,
    onProgress: (done: number, of: number) => void = () => {},
  ): Promise<void> {
    const files = [...this.#files.values()];
    for (const [at, file] of files.entries()) {
      const wrapped = await next.wrap(this.#seeds.get(file.id)!, contextOf(file));
      this.#write({ ...file, provider: next.id, wrapped: Buffer.from(wrapped).toString('base64') });
      onProgress(at + 1, files.length);
    }
    this.#provider = next;
  }

  /** Whether its keys can be used: not after the root was out of reach for too long. */
  get isOpen(): boolean {
    return this.#seeds.size > 0 || this.#files.size === 0;
  }

  /** Goes on with the same root under another name. */
  useRoot(provider: KeyProvider): void {
    this.#provider = provider;
  }

  /**
   * Asks the root whether it still opens. Where it cannot be reached for {@link CACHE_MS}, what is in memory is forgotten,
   * and nothing opens until it answers again.
   * @returns milliseconds since it last answered
   */
  async confirm(): Promise<number> {
    const [file] = this.#files.values();
    try {
      if (file) await this.#provider.unwrap(Buffer.from(file.wrapped, 'base64'), contextOf(file));
      this.#confirmedMs = clock.nowMs();
      if (this.#seeds.size < this.#files.size)
        for (const one of this.#files.values())
          this.#seeds.set(
            one.id,
            await this.#provider.unwrap(Buffer.from(one.wrapped, 'base64'), contextOf(one)),
          );
    } catch {
      if (clock.nowMs() - this.#confirmedMs > CACHE_MS) {
        for (const seed of this.#seeds.values()) seed.fill(0);
        this.#seeds.clear();
      }
    }
    return clock.nowMs() - this.#confirmedMs;
  }

  /**
   * Destroys keys that wrap nothing any more.
   * @param wrapping ids of those that do
   * @param before when those that go were retired at the latest: a backup that is older may need the others
   * @returns how many went
   */
  dropRetired(wrapping: ReadonlySet<string>, before: string | null = null): number {
    const idle = [...this.#files.values()].filter(
      ({ id, retiredAt }) =>
        retiredAt !== null && !wrapping.has(id) && (before === null || retiredAt < before),
    );
    for (const { id } of idle) this.drop(id);
    return idle.length;
  }

  /** Every key, none of them secret. */
  list(): readonly KeyEncryptionKey[] {
    return [...this.#files.values()].map(shown);
  }

  /** What wraps from now on. */
  get suite(): SuiteName {
    return this.#suite;
  }

  get provider(): KeyProvider {
    return this.#provider;
  }
}

const ownerOf = ({ purpose, owner }: KeyContext & { readonly purpose: KeyPurpose }): string =>
  KEY_PURPOSES[purpose].owned ? owner : '';

const shown = ({ wrapped: _, publicKey: __, ...file }: KeyFile): KeyEncryptionKey => file;
