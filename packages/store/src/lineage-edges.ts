import { edgeKey, type LineageEdge } from '@sallyport/core';
import type { Connection } from './store.ts';

/** Nodes of a graph that one question names. */
const NODES_AT_ONCE = 500;

/**
 * The edges that lead to a node and on from it, however many others there are and whenever they were noted.
 * @param steps how far @param most edges that are read @returns whether that is all of them, too
 */
export async function edgesAround(
  db: Connection,
  node: string,
  steps: number,
  most: number,
): Promise<{ edges: LineageEdge[]; whole: boolean }> {
  const found = new Map<string, LineageEdge>();
  for (const [from, to] of [
    ['target', 'source'],
    ['source', 'target'],
  ] as const) {
    const seen = new Set([node]);
    for (let front = [node], step = 0; step < steps && front.length > 0; step++) {
      const next: string[] = [];
      for (let at = 0; at < front.length && found.size < most; at += NODES_AT_ONCE) {
        const rows = await db
          .selectFrom('lineage')
          .selectAll()
          .where(from, 'in', front.slice(at, at + NODES_AT_ONCE))
          .limit(most)
          .execute();
        for (const edge of rows) {
          found.set(edgeKey(edge), edge);
          if (!seen.has(edge[to])) next.push(edge[to]);
          seen.add(edge[to]);
        }
      }
      front = next;
    }
  }
  return { edges: [...found.values()], whole: found.size < most };
}
