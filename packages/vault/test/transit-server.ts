import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A transit engine as OpenBao 2 answers: keys in versions, associated data, tokens, errors in a list, sealed with 503. */
export interface TransitServer {
  readonly server: Server;
  readonly url: string;
  readonly seen: { path: string; token: string | undefined; namespace: string | undefined }[];
  token: string;
  sealed: boolean;
  /** Requests that are cut off before they are answered. */
  drops: number;
  rotate(): void;
}

/** Starts one on loopback, with the keys `sallyport` and `other`. */
export async function startTransit(): Promise<TransitServer> {
  const keys = new Map<string, Buffer[]>([
    ['sallyport', [randomBytes(32)]],
    ['other', [randomBytes(32)]],
  ]);
  const server = createServer((req, res) => {
    const pieces: Buffer[] = [];
    req.on('data', (piece: Buffer) => pieces.push(piece));
    req.on('end', () => {
      if (state.drops > 0) {
        state.drops--;
        req.socket.destroy();
        return;
      }
      const say = (status: number, body: object): void => {
        res.writeHead(status, { 'content-type': 'application/json' });
        res.end(JSON.stringify(body));
      };
      const token = req.headers['x-vault-token'] as string | undefined;
      state.seen.push({
        path: req.url!,
        token,
        namespace: req.headers['x-vault-namespace'] as string | undefined,
      });
      if (state.sealed) return say(503, { errors: ['Vault is sealed'] });
      if (token !== state.token) return say(403, { errors: ['permission denied'] });
      const [, what, name] = /^\/v1\/transit\/(encrypt|decrypt)\/([\w.-]+)$/.exec(req.url!) ?? [];
      const versions = keys.get(name ?? '');
      if (!versions) return say(400, { errors: ['encryption key not found'] });
      const body = JSON.parse(Buffer.concat(pieces).toString()) as Record<string, string>;
      const aad = Buffer.from(body['associated_data'] ?? '', 'base64');
      if (what === 'encrypt') {
        const nonce = randomBytes(12);
        const cipher = createCipheriv('aes-256-gcm', versions.at(-1)!, nonce).setAAD(aad);
        const sealed = Buffer.concat([
          nonce,
          cipher.update(Buffer.from(body['plaintext']!, 'base64')),
          cipher.final(),
          cipher.getAuthTag(),
        ]);
        return say(200, { data: { ciphertext: `vault:v${versions.length}:${sealed.toString('base64')}` } });
      }
      const [, version, base64] = /^vault:v(\d+):(.+)$/.exec(body['ciphertext'] ?? '') ?? [];
      try {
        const sealed = Buffer.from(base64!, 'base64');
        const decipher = createDecipheriv(
          'aes-256-gcm',
          versions[Number(version) - 1]!,
          sealed.subarray(0, 12),
        );
        decipher.setAAD(aad).setAuthTag(sealed.subarray(-16));
        const plain = Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]);
        return say(200, { data: { plaintext: plain.toString('base64') } });
      } catch {
        return say(400, { errors: ['cipher: message authentication failed'] });
      }
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  server.unref();
  const state: TransitServer = {
    server,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen: [],
    token: 's.token',
    sealed: false,
    drops: 0,
    rotate: () => void keys.get('sallyport')!.push(randomBytes(32)),
  };
  return state;
}
