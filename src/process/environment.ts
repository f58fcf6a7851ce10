/**
 * The environment that programs get: small, the same on every host, in English. A host's locale,
 * proxy settings or LD_PRELOAD never reach a program unless the caller passes them on purpose.
 */
import { delimiter } from 'node:path';

/** Kept from the person's environment. SSH_AUTH_SOCK, proxies and locale are left out on purpose. */
const KEPT = ['HOME', 'USER', 'LOGNAME', 'TMPDIR', 'XDG_RUNTIME_DIR', 'TERM'] as const;

/** Debian keeps mke2fs and its like out of an ordinary user's PATH. */
const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/local/bin', '/usr/bin', '/bin'];

/** PATH with the system folders of Debian appended. */
export function searchPath(env: NodeJS.ProcessEnv): readonly string[] {
  const own = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return [...new Set([...own, ...SYSTEM_FOLDERS])];
}

export function cleanEnvironment(
  extra: Readonly<Record<string, string | undefined>> = {},
  env: NodeJS.ProcessEnv = process.env,
): Record<string, string> {
  const result: Record<string, string> = {
    LANG: 'C.UTF-8',
    LC_ALL: 'C.UTF-8',
    PATH: searchPath(env).join(delimiter),
  };
  for (const name of KEPT) {
    const value = env[name];
    if (value !== undefined) result[name] = value;
  }
  for (const [name, value] of Object.entries(extra)) {
    if (value !== undefined) result[name] = value;
  }
  return result;
}
