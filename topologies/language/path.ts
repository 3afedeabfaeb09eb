/** A place in a document: keys and indices from the root. */
export type Path = readonly (string | number)[];

/** `links.constraints[0].src`. */
export function pathText(path: Path): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    return text === '' ? part : `${text}.${part}`;
  }, '');
}

/** Reads `a.b[0].c` and `a.b.0.c` alike; indices stay texts in the latter form. */
export function parsePath(text: string): Path {
  if (text === '') return [];
  return text.split('.').flatMap((part): (string | number)[] => {
    const [, name, brackets] = /^([^[\]]*)((?:\[[0-9]{1,9}\])*)$/.exec(part) ?? [];
    if (part === '' || name === undefined || brackets === undefined) return [part];
    const indices = [...brackets.matchAll(/[0-9]+/g)].map((match) => Number(match[0]));
    return name === '' ? indices : [name, ...indices];
  });
}

/** True when one path leads through the other, or they are the same. */
export function related(a: Path, b: Path): boolean {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (String(a[i]) !== String(b[i])) return false;
  return true;
}
