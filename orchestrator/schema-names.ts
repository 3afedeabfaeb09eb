/** Every format with a JSON Schema: a file of `schemas/`, and what `busbench schema` prints. */
export const schemaNames = ['scenario', 'sweep', 'result'] as const;

export type SchemaName = (typeof schemaNames)[number];
