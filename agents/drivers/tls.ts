/** Certificates and keys as PEM texts; null where the scenario names none. */
export interface TlsTexts {
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
  /** Whose certificate is expected, where that is not the name that was dialled. */
  readonly serverName: string | null;
}
