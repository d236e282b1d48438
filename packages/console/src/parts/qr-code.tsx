import encodeQR from 'qr';
import type { ReactElement } from 'react';

/** A QR code, drawn as one path: dark on light in both themes, as cameras want it. */
export function QrCode({ text, label }: { text: string; label: string }): ReactElement {
  const rows = encodeQR(text, 'raw', { border: 4 });
  const path = rows
    .flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : [])))
    .join('');
  return (
    <svg role="img" aria-label={label} viewBox={`0 0 ${rows.length} ${rows.length}`} className="size-48">
      <rect width="100%" height="100%" fill="#ffffff" />
      <path d={path} fill="#000000" shapeRendering="crispEdges" />
    </svg>
  );
}
