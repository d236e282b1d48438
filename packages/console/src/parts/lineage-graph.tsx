import type { ReactElement } from 'react';
import type { Lineage } from '../inventory-types.ts';
import { moment } from '../words.ts';

const BOX = { width: 190, height: 34, gapX: 70, gapY: 14 };
const MARGIN = 8;
const CHARACTERS = 24;
const NODES_DRAWN_MAX = 60;
const MARKS: Readonly<Record<string, string>> = {
  dataset: 'data',
  source: 'source',
  run: 'run',
  model: 'model',
  endpoint: 'endpoint',
  system: 'system',
};

/** Steps from a node that nothing led to; what goes round in circles stays where it was met first. */
function layersOf({ nodes, edges }: Lineage): string[][] {
  const depth = new Map<string, number>();
  const into = new Map<string, string[]>();
  for (const { source, target } of edges) into.set(target, [...(into.get(target) ?? []), source]);
  const walk = (node: string, seen: ReadonlySet<string>): number => {
    const known = depth.get(node);
    if (known !== undefined) return known;
    const before = (into.get(node) ?? []).filter((one) => !seen.has(one));
    const own =
      before.length === 0 ? 0 : 1 + Math.max(...before.map((one) => walk(one, new Set([...seen, node]))));
    depth.set(node, own);
    return own;
  };
  const layers: string[][] = [];
  for (const node of nodes) {
    const at = walk(node, new Set());
    layers[at] = [...(layers[at] ?? []), node];
  }
  return layers.map((layer) => layer ?? []);
}

const kindOf = (node: string): string => MARKS[node.slice(0, node.indexOf(':'))] ?? 'other';
const nameOf = (node: string): string => node.slice(node.indexOf(':') + 1);
const short = (text: string): string => (text.length > CHARACTERS ? `…${text.slice(1 - CHARACTERS)}` : text);

/** What led to something and what it led to, from left to right, with the same as a table below. */
export function LineageGraph({ lineage, node }: { lineage: Lineage; node: string }): ReactElement {
  if (lineage.edges.length === 0)
    return <p className="text-muted">Nothing is known of where it came from or what it went into.</p>;
  const layers = layersOf(lineage);
  const places = new Map<string, { x: number; y: number }>();
  for (const [column, layer] of layers.entries())
    for (const [row, one] of layer.entries())
      places.set(one, {
        x: MARGIN + column * (BOX.width + BOX.gapX),
        y: MARGIN + row * (BOX.height + BOX.gapY),
      });
  const width = 2 * MARGIN + layers.length * BOX.width + (layers.length - 1) * BOX.gapX;
  const height =
    2 * MARGIN + Math.max(...layers.map((layer) => layer.length)) * (BOX.height + BOX.gapY) - BOX.gapY;
  return (
    <>
      {lineage.nodes.length <= NODES_DRAWN_MAX ? (
        <div className="overflow-x-auto" tabIndex={0} role="region" aria-label="Lineage as a drawing">
          <svg
            viewBox={`0 0 ${width} ${height}`}
            width={width}
            height={height}
            role="img"
            aria-label={`Lineage of ${node}: the table below says the same`}
          >
            {lineage.edges.map(({ source, target, relation }) => {
              const [from, to] = [places.get(source), places.get(target)];
              if (!from || !to) return null;
              const [x1, y1] = [from.x + BOX.width, from.y + BOX.height / 2];
              const [x2, y2] = [to.x, to.y + BOX.height / 2];
              const bend = Math.max(20, (x2 - x1) / 2);
              return (
                <path
                  key={`${source} ${target} ${relation}`}
                  d={`M${x1} ${y1} C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`}
                  fill="none"
                  className="stroke-muted"
                  strokeWidth="1.5"
                />
              );
            })}
            {[...places].map(([one, { x, y }]) => (
              <g key={one}>
                <title>{one}</title>
                <rect
                  x={x}
                  y={y}
                  width={BOX.width}
                  height={BOX.height}
                  rx="6"
                  className={one === node ? 'fill-raised stroke-accent' : 'fill-raised stroke-line'}
                  strokeWidth={one === node ? 2.5 : 1.2}
                />
                <text x={x + 8} y={y + 13} className="fill-muted" fontSize="10">
                  {kindOf(one)}
                </text>
                <text x={x + 8} y={y + 27} className="fill-ink" fontSize="12">
                  {short(nameOf(one))}
                </text>
              </g>
            ))}
          </svg>
        </div>
      ) : null}
      <div className="overflow-x-auto" tabIndex={0} role="region" aria-label="Lineage as a table">
        <table className="mt-2">
          <thead>
            <tr>
              <th scope="col">From</th>
              <th scope="col">How</th>
              <th scope="col">To</th>
              <th scope="col">Since</th>
            </tr>
          </thead>
          <tbody>
            {lineage.edges.map(({ source, target, relation, at }) => (
              <tr key={`${source} ${target} ${relation}`}>
                <td className="break-all">{source}</td>
                <td>{relation}</td>
                <td className="break-all">{target}</td>
                <td className="whitespace-nowrap">{moment(at)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
