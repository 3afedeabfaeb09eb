const pattern = /^([A-Za-z][A-Za-z0-9_-]*)\[(\d{1,4})-(\d{1,4})\]([A-Za-z0-9_-]*)$/;

/**
 * The names that `edge-[1-100]` stands for, numbers as wide as the first is written (`[01-10]`); null for a text that is
 * no range, empty for one that ends before it begins.
 */
export function namesOfRange(text: string): readonly string[] | null {
  const [, head, first, last, tail = ''] = pattern.exec(text) ?? [];
  if (head === undefined || first === undefined || last === undefined) return null;
  const count = Math.max(0, Number(last) - Number(first) + 1);
  return Array.from({ length: count }, (_, i) => {
    const number = String(Number(first) + i).padStart(first.length, '0');
    return `${head}${number}${tail}`;
  });
}
