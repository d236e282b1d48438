import { type Connection, type GrantingTable, touch } from '@sallyport/store';

/** Says in the log what all rows of a table are: what a test changed in them is then taken for a change of the product's own. */
export async function followed(tx: Connection, table: GrantingTable): Promise<void> {
  const key = { systems: 'name', tickets: 'hash' }[table as string] ?? 'id';
  const rows = (await tx
    .selectFrom(table)
    .select(key as never)
    .execute()) as Record<string, string>[];
  touch(
    tx,
    table,
    rows.map((row) => row[key]!),
  );
}
