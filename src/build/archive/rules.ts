/** What a project's rules say of its serials: which branches are frozen, and whether everything must be pinned. Pure. */
import type { ArchiveConfig, BranchRule, NetworkChoice } from '../../config/config.js';
import type { ProxyOption } from '../../config/options-words.js';
import { MayflyError } from '../../errors.js';
import { SECURITY_ORIGIN } from '../../snapshots/freeze.js';
import { LATEST } from '../../snapshots/serial.js';
import { mirrorSettings } from './address.js';
import { movingOrigins, type PlannedArchive } from './origins.js';

export interface BuiltRef {
  readonly name: string;
  /** Name of its base branch, when it has one. */
  readonly base: string | undefined;
  /** A release has its own states, or those of its branch when it was made. */
  readonly isRelease: boolean;
}

/** @throws MayflyError `archive.must-be-frozen`, `archive.must-move`; both kind `refused` */
export function checkBranchRule(
  branches: ArchiveConfig['branches'],
  ref: BuiltRef,
  archive: PlannedArchive,
): void {
  if (ref.isRelease) return;
  const rule = ruleFor(branches, ref);
  if (rule === undefined) return;
  const [pattern, wanted] = rule;
  const moving = movingOrigins(archive, 'image');
  if (wanted === 'frozen' && moving.length > 0) {
    throw new MayflyError(
      'refused',
      'archive.must-be-frozen',
      `On ${ref.name} the serials must be frozen, but ${moving.join(', ')} is at latest.`,
      {
        hint: `Freeze: mayfly snapshots freeze --image, and commit. The rule is archive.branches (${pattern}: frozen) in builder.yaml.`,
      },
    );
  }
  const frozen = archive.origins
    .filter(({ origin, image }) => origin !== SECURITY_ORIGIN && image.wanted !== LATEST)
    .map(({ origin }) => origin);
  if (wanted === 'moving' && frozen.length > 0) {
    throw new MayflyError(
      'refused',
      'archive.must-move',
      `On ${ref.name} the serials must not be frozen, but ${frozen.join(', ')} is.`,
      {
        hint: `Thaw: mayfly snapshots thaw --image, and commit. The rule is archive.branches (${pattern}: moving) in builder.yaml.`,
      },
    );
  }
}

/** The rule for a branch; that of its base branch when it has none itself. */
function ruleFor(
  branches: ArchiveConfig['branches'],
  { name, base }: BuiltRef,
): readonly [string, BranchRule] | undefined {
  const find = (branch: string) =>
    Object.entries(branches).find(([pattern]) => branchMatches(pattern, branch));
  return find(name) ?? (base === undefined ? undefined : find(base));
}

/** `*` stands for any number of characters, slashes among them. */
export function branchMatches(pattern: string, branch: string): boolean {
  const parts = pattern.split('*').map((part) => part.replaceAll(/[.+]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join('.*')}$`).test(branch);
}

/**
 * A serial counts the snapshots of one host. Where two hosts froze one project, box and image may have the same one and
 * mean two states by it (docs/decisions/0008): whoever is asked for it then would hand out one for both.
 * @throws MayflyError `serial.contradiction`
 */
export function refuseContradictions({ origins }: PlannedArchive): void {
  const details = origins
    .filter(({ box, image }) => box.serial === image.serial && box.serial !== LATEST)
    .flatMap(({ origin, box, image }) => {
      const suites = Object.keys(box.releases).filter(
        (suite) => (image.releases[suite] ?? box.releases[suite]) !== box.releases[suite],
      );
      return suites.length === 0 ? [] : [`${origin} ${box.serial}: ${suites.join(', ')}`];
    });
  if (details.length === 0) return;
  throw new MayflyError(
    'usage',
    'serial.contradiction',
    'A serial means one state for the base box, and another for the image.',
    {
      details,
      hint: 'Their InRelease files differ, as two hosts took them. Freeze both to one state: mayfly snapshots freeze ORIGIN, or set ORIGIN SERIAL.',
    },
  );
}

/** @throws MayflyError `archive.not-pinned` (refused) with everything that could change a build */
export function checkPinned(archive: PlannedArchive, network: NetworkChoice, proxy: ProxyOption): void {
  if (!archive.pinned) return;
  const moving = [...new Set([...movingOrigins(archive, 'box'), ...movingOrigins(archive, 'image')])];
  const mirror = mirrorSettings(archive);
  const problems = [
    ...(mirror === undefined ? [] : [`${mirror}: a mirror changes`]),
    ...moving.map((origin) => `${origin} is at latest: mayfly snapshots freeze ${origin}`),
    ...(network === 'open' ? ['vm.network is open: the VM reaches more than the archive'] : []),
    ...(proxy === 'extproxy' || proxy === 'vmproxy+extproxy'
      ? [`the build option ${proxy}: what comes through another proxy is not seen`]
      : []),
  ];
  if (problems.length === 0) return;
  throw new MayflyError('refused', 'archive.not-pinned', 'Not everything that this build uses is pinned.', {
    details: problems,
    hint: 'Mend what is listed, or set archive.pinned: false in builder.yaml.',
  });
}
