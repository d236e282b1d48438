/** A name that a file gives, as it may be shown: one line of plain characters, not too long. */
export function printable(name: string): string {
  const plain = name.replace(/[^\x20-\x7e]/g, '?').replaceAll('`', "'");
  return plain.length > 80 ? `${plain.slice(0, 79)}…` : plain;
}
