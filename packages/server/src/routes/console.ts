import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { tableOf } from '@sallyport/core';
import type { Env } from './shared.ts';

const TYPES: Readonly<Record<string, string>> = tableOf({
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
});
const MISSING =
  'The console is not built. `npm start` builds it; so does `npm run console`. The API is under /api/v1, its description under /openapi.json.\n';

interface Page {
  readonly bytes: Buffer;
  readonly type: string;
  readonly etag: string;
}

/** Reads the built console once: nothing of a request ever becomes a path on the disk. */
function readPages(folder: string): ReadonlyMap<string, Page> {
  const pages = new Map<string, Page>();
  const visit = (path: string): void => {
    for (const entry of readdirSync(join(folder, path), { withFileTypes: true })) {
      const name = `${path}/${entry.name}`;
      const type = TYPES[extname(entry.name)];
      if (entry.isDirectory()) visit(name);
      else if (type) {
        const bytes = readFileSync(join(folder, name));
        pages.set(name, { bytes, type, etag: `"${createHash('sha256').update(bytes).digest('base64url')}"` });
      }
    }
  };
  visit('');
  return pages;
}

/** Serves the console: its files by name, and its one page for every address a person may open. */
export function consoleRoutes(app: OpenAPIHono<Env>, folder: string | null): void {
  const pages = folder !== null && existsSync(join(folder, 'index.html')) ? readPages(folder) : null;
  app.get('*', async (c, next) => {
    const { path } = c.req;
    if (path.startsWith('/api/')) return next();
    if (pages === null) return path === '/' ? c.text(MISSING, 503) : next();
    const named = pages.get(path);
    const page = named ?? (extname(path) === '' ? pages.get('/index.html') : undefined);
    if (!page) return next();
    const headers = {
      'content-type': page.type,
      etag: page.etag,
      // Files under /assets/ carry a hash of their content in their name.
      'cache-control': path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
    };
    if (c.req.header('if-none-match') === page.etag) return c.body(null, 304, headers);
    return c.body(new Uint8Array(page.bytes), 200, headers);
  });
}
