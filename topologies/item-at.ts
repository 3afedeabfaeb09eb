/**
 * The item at an index that cannot miss. Where it does that is a bug of ours, and any stand-in would be a wrong number
 * in a result: throws an Error with what was asked for. Not for the per-message path.
 */
export function itemAt<T>(list: ArrayLike<T>, index: number): T {
  const item = list[index];
  if (item === undefined) throw new Error(`no item ${index} in a list of ${list.length}`);
  return item;
}
