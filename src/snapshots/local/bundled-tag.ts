/** What a tag in a replay bundle may say at all: its words become paths and addresses. Pure. */
import { MayflyError } from '../../errors.js';
import { LATEST } from '../serial.js';
import { isOriginName, isStateName, isTagName } from './names.js';
import type { Snapshot } from './snapshot.js';
import { snapshotKey, type Tag } from './tag.js';

/** No escapes, and no dot at the start of a part. */
const SUITE = /^[A-Za-z0-9][A-Za-z0-9._+~-]*(?:\/[A-Za-z0-9][A-Za-z0-9._+~-]*)*$/;
const WORD = /^[A-Za-z0-9][A-Za-z0-9._+-]*$/;

/** @throws MayflyError `bundle.malformed` */
export function checkBundledTag(tag: Tag, bundle: string): void {
  if (!isTagName(tag.tag)) throw malformed(bundle, 'its tag has a name that cannot be');
  for (const [key, snapshot] of Object.entries(tag.snapshots)) {
    const problem = problemOf(key, snapshot);
    if (problem !== undefined) throw malformed(bundle, `the snapshot ${JSON.stringify(key)}: ${problem}`);
  }
  for (const [origin, { box, image }] of Object.entries(tag.serials)) {
    const strange = [box, image].find((serial) => !(serial === LATEST || isStateName(serial)));
    if (isOriginName(origin) && strange === undefined) continue;
    throw malformed(bundle, `it names a serial that cannot be: ${JSON.stringify(strange ?? origin)}`);
  }
  const alone = tag.files.find(({ origin, serial }) => !(snapshotKey(origin, serial) in tag.snapshots));
  if (alone !== undefined) throw malformed(bundle, `it has no snapshot that names ${alone.path}`);
}

function problemOf(key: string, snapshot: Snapshot): string | undefined {
  const { origin, serial, components, architectures, suites, upstream, takenAt } = snapshot;
  if (!isOriginName(origin) || !isStateName(serial)) return 'its name cannot be';
  if (key !== snapshotKey(origin, serial)) return 'it has another name itself';
  const names = suites.map(({ suite }) => suite);
  const strange =
    names.find((name) => !SUITE.test(name)) ??
    [...components, ...architectures].find((name) => !WORD.test(name));
  if (strange !== undefined) return `it holds ${JSON.stringify(strange.slice(0, 100))}, which cannot be`;
  if (new Set(names).size < names.length) return 'it holds a suite twice';
  if (!/^https?:\/\/[^\s@]+$/.test(upstream)) return 'its mirror has no address of http';
  return Number.isNaN(Date.parse(takenAt)) ? 'it was taken at no time' : undefined;
}

export function malformed(bundle: string, why: string, cause?: unknown): MayflyError {
  return new MayflyError('host', 'bundle.malformed', `${bundle} is no whole replay bundle: ${why}.`, {
    hint: '`mayfly snapshots export` writes them. Was it copied to its end?',
    cause,
  });
}
