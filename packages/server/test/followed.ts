import { type Connection, type GrantingTable, touch } from '@sallyport/store';
import { rowsOf } from '../../store/src/granting.ts';

/** Says in the log what all rows of a table are: what a test changed in them is then taken for a change of the product's own. */
export async function followed(tx: Connection, table: GrantingTable): Promise<void> {
  const rows = await rowsOf(tx, table, null);
  touch(
    tx,
    table,
    rows.map(([row]) => row.slice(table.length + 1)),
  );
}
