/**
 * What a release is built from again: the states that it was built from when it was made, for as long
 * as somebody keeps them under its tag. Any tag can be asked for by its name too.
 */
import type { Config } from '../../config/config.js';
import { MayflyError } from '../../errors.js';
import { findTag, isTagName, readTag, snapshotKey, type Tag } from '../../snapshots/local/tag.js';
import { releasesOf } from '../../snapshots/local/snapshot.js';
import { isFrozen } from '../../snapshots/serial.js';
import type { FrozenState } from '../../snapshots/serial-files.js';
import { addressOf } from './address.js';

/** A commit that is exactly a tag. */
export interface Release {
  readonly tag: string;
  readonly commit: string;
}

export interface ReleaseStates {
  /** Origin → what a tag of the local archive keeps of it; it decides, for debian-security too. */
  readonly box: Readonly<Record<string, FrozenState>>;
  readonly image: Readonly<Record<string, FrozenState>>;
  /** Take the tagged snapshots of this name from the service. */
  readonly tag: string | undefined;
  /** The origins whose service has them. Undefined: all. */
  readonly tagged?: readonly string[];
  /** Why a tag of the release's name is not used, when there is one. */
  readonly unused?: string;
}

/** The tag by whose name an origin's states are asked for. */
export const tagOf = ({ tag, tagged }: ReleaseStates, origin: string): string | undefined =>
  tagged === undefined || tagged.includes(origin) ? tag : undefined;

const NONE: ReleaseStates = { box: {}, image: {}, tag: undefined };

export async function statesOfRelease(
  archive: string,
  config: Config,
  release: Release | undefined,
): Promise<ReleaseStates> {
  if (release === undefined || !isTagName(release.tag)) return NONE;
  const names = Object.keys(config.archive.origins);
  const tagged = names.filter((name) => {
    const { kind, taggedUrl } = addressOf(config.archive, name);
    return kind === 'serials' && taggedUrl !== undefined;
  });
  const ofService = tagged.length === 0 ? NONE : { ...NONE, tag: release.tag, tagged };
  const isLocal = (name: string): boolean => addressOf(config.archive, name).kind === 'local';
  if (!names.some(isLocal)) return ofService;
  const tag = await findTag(archive, release.tag);
  if (tag === undefined) return ofService;
  // The commit alone decides: a project may take its name from its folder, which is another one elsewhere.
  if (tag.commit !== release.commit) return { ...ofService, unused: otherCommit(tag, release) };
  const kept = (of: 'box' | 'image') =>
    Object.fromEntries(Object.entries(keptStates(tag, of)).filter(([name]) => isLocal(name)));
  return { ...ofService, box: kept('box'), image: kept('image') };
}

/**
 * The states that a tag keeps, of whatever commit it was made: for a second build of the same elsewhere.
 * @param isGiven APT_SNAPSHOTS_SERIALS is set
 * @throws MayflyError `tag.unknown`, `tag.not-local`, `tag.two-answers`, `tag.lacks-origin`; all of kind `usage`
 */
export async function statesOfTag(
  archive: string,
  settings: Config['archive'],
  name: string,
  isGiven: boolean,
): Promise<ReleaseStates> {
  const origins = Object.keys(settings.origins);
  if (!origins.some((origin) => addressOf(settings, origin).kind === 'local')) {
    throw new MayflyError(
      'usage',
      'tag.not-local',
      `--snapshots ${name}: this project does not use the local archive, which has the tags.`,
      { hint: 'Of a snapshot service, name the serials: APT_SNAPSHOTS_SERIALS.' },
    );
  }
  if (isGiven) {
    throw new MayflyError(
      'usage',
      'tag.two-answers',
      `Both --snapshots ${name} and APT_SNAPSHOTS_SERIALS say what to build from.`,
      { hint: 'Leave one of them out.' },
    );
  }
  const tag = await readTag(archive, name);
  const states = { box: keptStates(tag, 'box'), image: keptStates(tag, 'image'), tag: undefined };
  const lacking = origins.filter((origin) =>
    [states.box, states.image].some((kept) => kept[origin] === undefined),
  );
  if (lacking.length === 0) return states;
  throw new MayflyError(
    'usage',
    'tag.lacks-origin',
    `The tag ${name} keeps no state of ${lacking.sort().join(', ')}, which this project asks for.`,
    { hint: `It was made of ${tag.project}, commit ${tag.commit.slice(0, 12)}.` },
  );
}

function keptStates(tag: Tag, of: 'box' | 'image'): Readonly<Record<string, FrozenState>> {
  return Object.fromEntries(
    Object.entries(tag.serials).flatMap(([origin, serials]) => {
      const serial = serials[of];
      const snapshot = tag.snapshots[snapshotKey(origin, serial)];
      if (snapshot !== undefined) return [[origin, { serial, releases: releasesOf(snapshot) }]];
      // Of an origin without suites there is nothing but its serial.
      return isFrozen(serial) ? [[origin, { serial, releases: {} }]] : [];
    }),
  );
}

/** Two projects on one host may both have a release 1.0; or the tag in Git was moved. */
function otherCommit({ tag, project, commit }: Tag, release: Release): string {
  const [kept, built] = [commit, release.commit].map((id) => id.slice(0, 12));
  return `The tag ${tag} of the local archive is not used: it was made of ${project}, commit ${kept}, and this is ${built}.`;
}
