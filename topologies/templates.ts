/** A text with each `{name}` replaced by its value; a name without a value stays as it is. */
export function fillText(
  template: string,
  values: Readonly<Record<string, string | number>>,
): string {
  return template.replaceAll(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** The same for every text of a record. Words without braces stay, so the record keeps its type. */
export function fillTexts<T extends { readonly [K in keyof T]: string }>(
  templates: T,
  values: Readonly<Record<string, string | number>>,
): T {
  const filled = Object.entries<string>(templates).map(([key, text]) => [
    key,
    fillText(text, values),
  ]);
  return Object.fromEntries(filled) as T;
}
