/**
 * Release files: what a suite consists of, by checksum. The format is that of Debian's repository
 * (https://wiki.debian.org/DebianRepository/Format): a paragraph of fields, of which `SHA256` has
 * a line for each index file.
 */
import { MayflyError } from '../errors.js';

export interface IndexFile {
  /** Hexadecimal. */
  readonly sha256: string;
  readonly bytes: number;
}

export interface Release {
  /** As the file has it, such as `trixie`; a suite's alias (`stable`) is in `suite`. */
  readonly codename: string | undefined;
  readonly suite: string | undefined;
  readonly origin: string | undefined;
  readonly date: Date;
  /** When APT stops to accept it; undefined for never. */
  readonly validUntil: Date | undefined;
  readonly components: readonly string[];
  readonly architectures: readonly string[];
  /** Packages for all architectures have an index of their own; else each architecture's has them too. */
  readonly separatesAll: boolean;
  /** Index files may be fetched by their checksum. */
  readonly byHash: boolean;
  /** Path below dists/SUITE/ → what is there. */
  readonly files: ReadonlyMap<string, IndexFile>;
}

const FILE_LINE = /^ ([0-9a-f]{64}) +(\d+) +(\S+)$/;

/**
 * @param what for messages: the suite, or the file's address
 * @throws MayflyError `release.malformed`
 */
export function parseRelease(text: string, what: string): Release {
  const fields = new Map<string, string>();
  const files = new Map<string, IndexFile>();
  let field = '';
  for (const line of text.split('\n')) {
    if (line.startsWith(' ')) {
      if (field !== 'sha256') continue;
      const match = FILE_LINE.exec(line);
      if (match === null) throw malformed(what, `the line ${JSON.stringify(line.slice(0, 100))} of SHA256`);
      const [, sha256 = '', bytes = '', path = ''] = match;
      if (!isPlainPath(path)) throw malformed(what, `the path ${JSON.stringify(path.slice(0, 100))}`);
      files.set(path, { sha256, bytes: Number(bytes) });
      continue;
    }
    const colon = line.indexOf(':');
    if (colon < 1) continue;
    field = line.slice(0, colon).toLowerCase();
    fields.set(field, line.slice(colon + 1).trim());
  }
  if (files.size === 0) throw malformed(what, 'no SHA256 checksums');
  const words = (name: string): readonly string[] =>
    (fields.get(name) ?? '').split(/\s+/).filter((word) => word !== '');
  const date = dateOf(fields.get('date'));
  if (date === undefined) throw malformed(what, 'no Date');
  return {
    codename: fields.get('codename'),
    suite: fields.get('suite'),
    origin: fields.get('origin'),
    date,
    validUntil: dateOf(fields.get('valid-until')),
    // Debian's security archive calls its components updates/main.
    components: words('components').map((component) => component.replace(/^.*\//, '')),
    architectures: words('architectures'),
    separatesAll:
      words('architectures').includes('all') &&
      !words('no-support-for-architecture-all').includes('Packages'),
    byHash: fields.get('acquire-by-hash')?.toLowerCase() === 'yes',
    files,
  };
}

/** No step upwards, nothing absolute, nothing hidden in an escape. */
export function isPlainPath(path: string): boolean {
  return (
    /^[A-Za-z0-9._~+:@%/-]+$/.test(path) &&
    path.split('/').every((part) => part !== '' && part !== '.' && part !== '..')
  );
}

function dateOf(text: string | undefined): Date | undefined {
  if (text === undefined) return undefined;
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

function malformed(what: string, problem: string): MayflyError {
  return new MayflyError(
    'host',
    'release.malformed',
    `The Release file of ${what} is malformed: ${problem}.`,
  );
}
