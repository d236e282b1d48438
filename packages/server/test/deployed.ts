import type { TestServer } from './harness.ts';

/** Puts a version into the place of the system `shop`, as if it had been promoted there. */
export async function serveAtShop(server: TestServer): Promise<void> {
  const { store } = server.control.installation;
  const at = new Date().toISOString();
  await store.change(async (tx) => {
    await store.inventory.deploy(tx, 'system:shop', at, {
      id: 'dep_shop',
      place: 'system:shop',
      asset: 'ast_shop',
      version: 'ver_shop',
      digest: 'a'.repeat(64),
      actor: 'test',
      at,
      endedAt: null,
    });
    return { result: undefined, event: [] };
  });
}
