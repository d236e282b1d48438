import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { allRows } from './sqlite-driver.ts';

// Reads for people and reports: a long one holds nobody up but those that wait for it.
const db = new DatabaseSync(workerData as string, { readOnly: true });
db.exec('pragma busy_timeout = 5000; pragma query_only = on; pragma cache_size = -4096');

parentPort!.on(
  'message',
  ({ id, text, parameters }: { id: number; text: string; parameters: SQLInputValue[] }) => {
    try {
      parentPort!.postMessage({ id, rows: allRows(db.prepare(text), parameters) });
    } catch (fault) {
      parentPort!.postMessage({ id, fault: (fault as Error).message });
    }
  },
);
