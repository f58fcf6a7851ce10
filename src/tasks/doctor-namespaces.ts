/** Whether this user can make user namespaces with subordinate ids, as mmdebstrap does; and if not, the command that mends it. */
import { readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { messageOf } from '../errors.js';
import { run, which } from '../process/run.js';
import type { Finding } from './finding.js';

/** It is tried, not guessed: what mmdebstrap's unshare mode does, in small. */
export async function userNamespace(): Promise<Finding> {
  const base = { name: 'user namespaces', purpose: 'makes base boxes without root' };
  if (process.getuid?.() === 0) return { ...base, state: 'ok', found: 'not needed by root' };
  if (which('newuidmap') === undefined)
    return { ...base, state: 'missing', found: 'newuidmap is not installed', package: 'uidmap' };
  try {
    await run('unshare', ['--user', '--map-auto', '--map-root-user', '--mount', 'true'], {
      timeoutMs: 10_000,
    });
    return { ...base, state: 'ok', found: 'work' };
  } catch (error) {
    return { ...base, state: 'missing', found: messageOf(error), hint: namespaceHint(await readHost()) };
  }
}

/** What decides it, as files say it: empty where there is none. */
export interface NamespaceHost {
  /** The names by which /etc/subuid may know this user. */
  readonly user: readonly string[];
  readonly subuid: string;
  readonly subgid: string;
  /** Name of a setting → its value. */
  readonly settings: Readonly<Record<string, string>>;
}

/** Setting of the kernel → the value with which it forbids, and the one that allows. */
const SETTINGS: readonly (readonly [name: string, forbids: string, allows: string])[] = [
  ['kernel.unprivileged_userns_clone', '0', '1'],
  ['user.max_user_namespaces', '0', '10000'],
  ['kernel.apparmor_restrict_unprivileged_userns', '1', '0'],
];

/** Pure. */
export function namespaceHint(host: NamespaceHost): string {
  const kinds = (['subuid', 'subgid'] as const).filter((kind) => !hasRange(host[kind], host.user));
  if (kinds.length > 0) {
    const range = freeRange(host);
    const flags = kinds.map((kind) => `--add-${kind}s ${range}`).join(' ');
    const files = kinds.map((kind) => `/etc/${kind}`).join(' and ');
    return `There is no line for you in ${files}: sudo usermod ${flags} "$USER"`;
  }
  const forbidding = SETTINGS.filter(([name, forbids]) => host.settings[name] === forbids);
  if (forbidding.length > 0) {
    const words = forbidding.map(([name, , allows]) => `${name}=${allows}`).join(' ');
    return `The kernel forbids it: sudo sysctl --write ${words}. A file in /etc/sysctl.d makes it last.`;
  }
  const names = SETTINGS.map(([name]) => name).join(', ');
  return `You have subordinate ids. Look at the kernel's settings (sysctl ${names.replaceAll(',', '')}); a container may forbid it as well.`;
}

interface Range {
  readonly owner: string;
  readonly start: number;
  readonly count: number;
}

/** Lines are owner:start:count. @see https://manpages.debian.org/subuid.5 */
function rangesOf(text: string): readonly Range[] {
  return text.split('\n').flatMap((line) => {
    const [owner = '', start, count] = line.split(':');
    const range = { owner, start: Number(start), count: Number(count) };
    return range.start > 0 && range.count > 0 ? [range] : [];
  });
}

const hasRange = (text: string, user: readonly string[]): boolean =>
  rangesOf(text).some(({ owner }) => user.includes(owner));

/** Where useradd begins, and how many it gives to each user. */
const [FIRST, COUNT] = [100_000, 65_536];

/** After all that anybody has, in either file: one range for both. */
function freeRange({ subuid, subgid }: NamespaceHost): string {
  const ends = [...rangesOf(subuid), ...rangesOf(subgid)].map(({ start, count }) => start + count);
  const start = Math.max(FIRST, ...ends);
  return `${start}-${start + COUNT - 1}`;
}

async function readHost(): Promise<NamespaceHost> {
  const read = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');
  const settings = SETTINGS.map(
    async ([name]) => [name, (await read(`/proc/sys/${name.replaceAll('.', '/')}`)).trim()] as const,
  );
  return {
    user: userNames(),
    subuid: await read('/etc/subuid'),
    subgid: await read('/etc/subgid'),
    settings: Object.fromEntries(await Promise.all(settings)),
  };
}

/** Name and number: either may stand in the file. */
function userNames(): readonly string[] {
  const id = String(process.getuid?.() ?? '');
  try {
    return [userInfo().username, id];
  } catch {
    // A user without an entry in /etc/passwd.
    return [id];
  }
}
