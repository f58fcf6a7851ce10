/**
 * The catalogue of a published box: the metadata file that `vagrant box add` reads (Vagrant's docs,
 * "Box File Format", "Box Metadata"), one for each box name, with a version for each published box.
 * What mayfly adds to a version, Vagrant ignores.
 */
import { z } from 'zod';
import { MayflyError } from '../errors.js';
import { labelStem } from './changes.js';
import type { BoxInfo } from './package.js';

const versionShape = z.looseObject({
  version: z.string(),
  providers: z.array(
    z.looseObject({
      name: z.string(),
      url: z.string(),
      checksum_type: z.string().optional(),
      checksum: z.string().optional(),
    }),
  ),
  mayfly: z.object({ fingerprint: z.string(), diskSha256: z.string(), label: z.string() }).optional(),
});

const catalogueShape = z.looseObject({
  name: z.string(),
  description: z.string().optional(),
  versions: z.array(versionShape),
});

export type Catalogue = z.infer<typeof catalogueShape>;
export type CatalogueVersion = z.infer<typeof versionShape>;

/** @throws MayflyError `catalogue.malformed` @param where for the message */
export function parseCatalogue(text: string, where: string): Catalogue {
  try {
    return catalogueShape.parse(JSON.parse(text));
  } catch (error) {
    throw new MayflyError('host', 'catalogue.malformed', `${where} is no catalogue of boxes.`, {
      hint: "`mayfly box publish` writes them, in the form of Vagrant's box metadata.",
      cause: error,
    });
  }
}

/** Name of a box in Vagrant's list, and of its catalogue: what its labels have in common. */
export const boxName = (info: Pick<BoxInfo, 'label'>): string =>
  labelStem(info.label.replace(/\+dirty$/, ''));

/** A box that is being published. */
export interface Publication {
  readonly info: BoxInfo;
  /** Where the file will be had. */
  readonly url: string;
  /** SHA-256 of the file. */
  readonly sha256: string;
}

/** The version that a box has in a catalogue; undefined when it is not there. */
export function publishedVersion(
  catalogue: Catalogue | undefined,
  { fingerprint, diskSha256 }: Pick<BoxInfo, 'fingerprint' | 'diskSha256'>,
): CatalogueVersion | undefined {
  return catalogue?.versions.find(
    ({ mayfly }) => mayfly?.fingerprint === fingerprint && mayfly.diskSha256 === diskSha256,
  );
}

/** The catalogue with one more version, newest first as Vagrant does not mind. Pure. */
export function withVersion(catalogue: Catalogue | undefined, { info, url, sha256 }: Publication): Catalogue {
  const { fingerprint, diskSha256, label } = info;
  const known = catalogue ?? {
    name: boxName(info),
    description: 'A base box of mayfly: generated from frozen APT snapshots.',
    versions: [],
  };
  const version: CatalogueVersion = {
    version: nextVersion(
      known.versions.map((entry) => entry.version),
      dateOf(label),
    ),
    providers: [{ name: 'libvirt', url, checksum_type: 'sha256', checksum: sha256 }],
    mayfly: { fingerprint, diskSha256, label },
  };
  return { ...known, versions: [version, ...known.versions] };
}

/** The date of a label's commit; a box of no commit yet counts from nothing. */
function dateOf(label: string): string {
  return /-(\d{8})-[^-]+$/.exec(label)?.[1] ?? '00000000';
}

/** `YYYYMMDD.N.0`: versions of RubyGems' form, which Vagrant sorts. */
function nextVersion(known: readonly string[], date: string): string {
  const counts = known.flatMap((version) => {
    const match = /^(\d+)\.(\d+)\.0$/.exec(version);
    return match !== null && Number(match[1]) === Number(date) ? [Number(match[2])] : [];
  });
  return `${Number(date)}.${counts.length === 0 ? 0 : Math.max(...counts) + 1}.0`;
}

/** The version that is asked for, or the newest. @throws MayflyError `catalogue.no-version` */
export function chosenVersion(catalogue: Catalogue, asked: string | undefined): CatalogueVersion {
  const usable = catalogue.versions.filter(({ providers }) => providers.some(isLibvirt));
  const sorted = [...usable].sort((a, b) => compareVersions(b.version, a.version));
  const found = asked === undefined ? sorted[0] : usable.find(({ version }) => version === asked);
  if (found !== undefined) return found;
  throw new MayflyError(
    'usage',
    'catalogue.no-version',
    `The catalogue of ${catalogue.name} has no version ${asked ?? 'for libvirt'}.`,
    {
      hint:
        sorted.length === 0 ? 'It is empty.' : `It has ${sorted.map(({ version }) => version).join(', ')}.`,
    },
  );
}

export const isLibvirt = ({ name }: { readonly name: string }): boolean => name === 'libvirt';

function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  for (let index = 0; index < 3; index += 1) {
    const difference = (left?.[index] ?? 0) - (right?.[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
