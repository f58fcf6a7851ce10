/** Provisioning, at every boot and before every build: the tool's own steps, then the project's script. */
import { MayflyError } from '../errors.js';
import { yes, type ScriptValues } from './scripts.js';
import { runScript, type GuestReport, type GuestSession, type ScriptOptions } from './session.js';

export interface ShareTags {
  readonly source: string;
  readonly builder: string;
}

export interface GuestSettings {
  /** Mount points in the guest. */
  readonly source: string;
  readonly builder: string;
  /** What they are mounted by over 9p; undefined where they were copied into the guest. */
  readonly tags: ShareTags | undefined;
  readonly user: string;
  /** Whether disks, proxy, APT's sources, clone and clock are mayfly's, or the scripts' own. */
  readonly setup: 'mayfly' | 'scripts';
  /** What is built, as the branch guard has it. */
  readonly ref: string;
  /** Serial of the cache disk for packages, and for the website; undefined when there is none. */
  readonly packagesDisk: string | undefined;
  readonly websiteDisk: string | undefined;
  /** The proxy that APT in the guest uses; undefined for none. */
  readonly aptProxy: string | undefined;
  readonly proxyInVm: boolean;
  /** The proxy that the one in the VM goes through. */
  readonly upstreamProxy: string | undefined;
  /** The proxy in the VM hands out only what it has. */
  readonly proxyOffline: boolean;
  /** APT fetches from the archive past the proxy. */
  readonly archiveDirect: boolean;
  /** APT one-line sources: of the VM itself, and of the image that is built. */
  readonly aptSources: readonly string[];
  readonly imageSources: readonly string[];
  /** Those of `aptSources` that fixes of security come from. */
  readonly fixesSources: readonly string[];
  /** The serial of debian-security whose fixes are installed before all else; undefined for none. */
  readonly fixes: string | undefined;
}

export function prepareValues(settings: GuestSettings): ScriptValues {
  return {
    MF_REF: settings.ref,
    MF_SOURCE: settings.source,
    MF_BUILDER: settings.builder,
    MF_SOURCE_TAG: settings.tags?.source ?? '',
    MF_BUILDER_TAG: settings.tags?.builder ?? '',
    MF_USER: settings.user,
    MF_SETUP: settings.setup,
    MF_CACHE_PACKAGES: settings.packagesDisk ?? '',
    MF_CACHE_WEBSITE: settings.websiteDisk ?? '',
    MF_APT_PROXY: settings.aptProxy ?? '',
    MF_PROXY_IN_VM: yes(settings.proxyInVm),
    MF_UPSTREAM_PROXY: settings.upstreamProxy ?? '',
    MF_PROXY_OFFLINE: yes(settings.proxyOffline),
    MF_ARCHIVE_DIRECT: yes(settings.archiveDirect || !settings.proxyInVm),
    MF_APT_SOURCES: settings.aptSources.map((line) => `${line}\n`).join(''),
    MF_FIXES: settings.fixes ?? '',
    MF_FIXES_SOURCES: settings.fixesSources.map((line) => `${line}\n`).join(''),
    MF_IMAGE_SOURCES: settings.imageSources.map((line) => `${line}\n`).join(''),
  };
}

/**
 * Branch guard, shares, cache disks, proxy, APT.
 * @returns sentences for the person
 * @throws MayflyError `guest.wrong-branch` (refused) when the VM was started for another ref
 */
export async function prepare(
  guest: GuestSession,
  settings: GuestSettings,
  options: ScriptOptions,
): Promise<readonly string[]> {
  const notices: GuestReport[] = [];
  const outcome = await runScript(guest, 'prepare', prepareValues(settings), {
    ...options,
    onNotice: (notice) => notices.push(notice),
  });
  if (outcome.failure !== undefined) throw guestError(outcome.failure, settings.ref);
  if (outcome.exitCode !== 0) {
    throw new MayflyError(
      'vm',
      'guest.prepare-failed',
      `Preparing the VM failed with exit code ${outcome.exitCode}.`,
    );
  }
  return notices.map(guestNotice);
}

/**
 * The project's own provisioning script.
 * @param environment NAME=value words
 * @throws MayflyError `guest.provision-failed`
 */
export async function provision(
  guest: GuestSession,
  script: string,
  settings: GuestSettings,
  environment: readonly string[],
  options: ScriptOptions,
): Promise<void> {
  const values = {
    MF_BUILDER: settings.builder,
    MF_SCRIPT: script,
    MF_PROXY_IN_VM: yes(settings.proxyInVm),
  };
  const outcome = await runScript(guest, 'provision', values, { ...options, args: environment });
  if (outcome.failure !== undefined) throw guestError(outcome.failure, settings.ref);
  requireEnded(outcome, 'provision');
  if (outcome.exitCode !== 0) {
    throw new MayflyError(
      'vm',
      'guest.provision-failed',
      `The provisioning script ${script} failed with exit code ${outcome.exitCode}.`,
      {
        hint: '--rescue keeps the VM after a failure, so that you can look inside with `mayfly vm ssh`.',
      },
    );
  }
}

/**
 * What comes before the project's script is ours, and so is its failure.
 * @throws MayflyError `guest.broken`
 */
export function requireEnded(
  { exitCode, ended }: { readonly exitCode: number; readonly ended?: true },
  script: 'build' | 'provision',
): void {
  if (ended === true) return;
  throw new MayflyError(
    'vm',
    'guest.broken',
    `mayfly's own ${script}.sh ended in the VM with exit code ${exitCode}, before the project's script did.`,
    { hint: 'Its last lines say why. --rescue keeps the VM after a failure, so that you can look inside.' },
  );
}

/** What our scripts noticed, worded. */
export function guestNotice({ code, text }: GuestReport): string {
  if (code === 'guest.cache-full')
    return 'The cache of packages was nearly full, and has been emptied (caches.packages in builder.yaml is its size).';
  if (code !== 'guest.fixes-held') return `The VM noticed ${code}: ${text}`;
  const names = text.trim().split(/\s+/);
  return `APT holds back fixes of debian-security, as each would remove another package of the VM: ${names.join(', ')}.`;
}

/** Our scripts' failures, worded. */
export function guestError(failure: GuestReport, ref: string): MayflyError {
  const { code, text } = failure;
  switch (code) {
    case 'guest.wrong-branch':
      return new MayflyError('refused', code, `This VM was started for ${text} and cannot build ${ref}.`, {
        hint: 'End it first: `mayfly vm destroy`. Or build with --force-cleanup, which starts a new VM.',
      });
    case 'guest.not-installed':
      return new MayflyError('usage', code, `The provisioning script has not installed ${text} in the VM.`, {
        hint: '--rescue keeps the VM after a failure, so that you can look inside with `mayfly vm ssh`.',
      });
    case 'guest.no-script':
      return new MayflyError('usage', code, `The builder directory has no ${text}.`, {
        hint: 'Write it, or name another in builder.yaml (build.provision, build.script).',
      });
    case 'guest.not-executable':
      return new MayflyError('usage', code, `${text} in the builder directory is not executable.`, {
        hint: `Run: chmod +x ${text}, and commit it.`,
      });
    case 'guest.no-cache-disk':
      return new MayflyError('vm', code, `The cache disk ${text} is not plugged into the VM.`, {
        hint: 'It was started without: give the options that it was started with again, such as --proxy noproxy or --no-cache-website. Or start a new one: `mayfly vm up --force-cleanup`.',
      });
    case 'guest.same-name':
      return new MayflyError('usage', code, `Two artifacts have the same name: ${text}.`, {
        hint: 'Artifacts of one build share one folder: narrow artifacts.patterns in builder.yaml.',
      });
    case 'guest.odd-name':
      return new MayflyError('usage', code, `The name of an artifact has more than one line: ${text}.`);
    case 'guest.copy':
      return new MayflyError('vm', code, `The artifact ${text} could not be copied out of the VM.`, {
        hint: 'All artifacts together may be as large as the disk of the VM and the memory for the build (basebox.disk, vm.build_memory).',
      });
    case 'guest.clone':
      return new MayflyError('vm', code, `In the VM: ${text}.`);
    default:
      return new MayflyError('vm', code, `In the VM: ${text}.`);
  }
}
