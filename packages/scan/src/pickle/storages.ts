import type { Literals } from './literals.ts';
import { GlobalName, Made, Persistent, type Value } from './value.ts';

/** A storage of tensors that a stream asks its loader for (`torch.serialization`, `persistent_load`). */
export interface StorageClaim {
  /** The name of its record, below the folder of the stream. */
  readonly key: string;
  /** Bytes that it says it has; null where its type is not known. */
  readonly bytes: number | null;
}

/** Bytes of an element, by the type of a storage. */
const ELEMENT_BYTES: ReadonlyMap<string, number> = new Map(
  (
    'Double:8 Float:4 Half:2 BFloat16:2 Long:8 Int:4 Short:2 Char:1 Byte:1 Bool:1 Untyped:1 ComplexDouble:16 ComplexFloat:8 ' +
    'QInt8:1 QUInt8:1 QInt32:4'
  )
    .split(' ')
    .map((row) => row.split(':') as [string, string])
    .map(([type, bytes]) => [`${type}Storage`, Number(bytes)]),
);

/** What an id of a storage says: `('storage', type, key, location, count)`; null for any other. */
export function storageOf(id: Value, literals: Literals): StorageClaim | null {
  const [tag, type, key, , count] = literals.itemsOf(id) ?? [];
  if (tag === undefined || key === undefined || count === undefined) return null;
  const [name, elements] = [literals.string(key), literals.whole(count)];
  if (literals.string(tag) !== 'storage' || name === null) return null;
  const size = type instanceof GlobalName ? ELEMENT_BYTES.get(type.name) : undefined;
  return { key: name, bytes: size === undefined || elements === null ? null : size * elements };
}

const TENSOR =
  /^_rebuild_\w{0,32}(?:tensor|parameter)\w{0,32}$|^(?:Tensor|Parameter|Buffer|\w{1,16}Storage)$/;

/** Whether it is a tensor or a storage: no library adds to one what a stream holds (CVE-2026-24747). */
export const isTensor = (value: Value): boolean =>
  value instanceof Persistent ||
  (value instanceof Made &&
    value.of instanceof GlobalName &&
    /^torch(?:\.|$)/.test(value.of.module) &&
    TENSOR.test(value.of.name));

/**
 * Whether a tensor reaches behind its storage: `_rebuild_tensor(storage, offset, size, stride)` and what begins like it.
 * What is computed is not counted.
 */
export function reachesBehind(of: GlobalName, items: readonly Value[] | null, literals: Literals): boolean {
  if (!/^torch\._utils\._rebuild_tensor(?:_v[23])?$/.test(of.full) || items === null) return false;
  const [storage, offset, size, stride] = items;
  if (!(storage instanceof Persistent) || size === undefined || stride === undefined) return false;
  const count = literals.itemsOf(storage.id)?.[4];
  const most = count === undefined ? null : literals.whole(count);
  const sizes = (literals.itemsOf(size) ?? []).map((one) => literals.whole(one));
  const strides = (literals.itemsOf(stride) ?? []).map((one) => literals.whole(one));
  // A tensor of nothing lies nowhere.
  if (most === null || sizes.includes(0)) return false;
  let last = offset === undefined ? 0 : (literals.whole(offset) ?? 0);
  for (const [index, one] of sizes.entries()) last += ((one ?? 1) - 1) * (strides[index] ?? 0);
  return last >= most;
}
