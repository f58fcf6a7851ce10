/** One thing that a build needs of this host, or likes to have. */
export interface Finding {
  readonly name: string;
  /** What it is needed for. */
  readonly purpose: string;
  /** `optional`: not there, and only needed for what its purpose says. */
  readonly state: 'ok' | 'warning' | 'missing' | 'optional';
  readonly found: string;
  /** Debian package that mends it. */
  readonly package?: string;
  /** Another way to mend it. */
  readonly hint?: string;
}
