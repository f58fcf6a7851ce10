/** Putting files on another host by sftp(1): no shell of that host sees a name. */
import { run, type RunResult } from './run.js';
import { MayflyError } from '../errors.js';

export interface SftpTarget {
  /** `host` or `user@host`, as ssh(1) takes it. */
  readonly host: string;
  readonly port: number | undefined;
  /** Absolute path of a folder there. */
  readonly path: string;
}

/** `sftp://[user@]host[:port]/path`. @throws MayflyError `usage.sftp` */
export function parseSftpUrl(text: string): SftpTarget {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const path = url === undefined ? '' : decoded(url.pathname).replace(/\/+$/, '');
  // Characters that ssh or sftp would take for something else.
  const isPlain =
    url?.protocol === 'sftp:' &&
    /^[A-Za-z0-9.:_[\]-]+$/.test(url.hostname) &&
    !url.hostname.startsWith('-') &&
    !CONTROL.test(path);
  if (!isPlain || !/^[A-Za-z0-9._-]*$/.test(url.username) || url.password !== '' || path === '') {
    throw new MayflyError('usage', 'usage.sftp', `${text} is no address that files can be put to.`, {
      hint: 'For example sftp://user@host/srv/boxes. Who may do so is for ssh to decide: its configuration, keys and agent count.',
    });
  }
  return {
    host: url.username === '' ? url.hostname : `${url.username}@${url.hostname}`,
    port: url.port === '' ? undefined : Number(url.port),
    path,
  };
}

/** A newline would end the command, and begin another. */
const CONTROL = /\p{Cc}/u;

/** Empty when it is no percent-encoding. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}

/**
 * A file name in a batch of sftp(1): in quotes nothing is a pattern. Pure.
 * @throws MayflyError `sftp.name`
 */
export function quoteSftp(name: string): string {
  if (CONTROL.test(name)) {
    throw new MayflyError(
      'refused',
      'sftp.name',
      `The file name ${JSON.stringify(name)} has control characters: sftp would take them for commands.`,
      { hint: 'Give it a name without them.' },
    );
  }
  return `"${name.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}

export function sftpArguments({ host, port }: SftpTarget): readonly string[] {
  return ['-q', '-b', '-', ...(port === undefined ? [] : ['-P', String(port)]), '--', host];
}

/**
 * Runs commands of sftp(1), in order, until one fails; one that begins with `-` may.
 * @throws CommandError
 */
export async function sftp(
  target: SftpTarget,
  commands: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv; readonly signal: AbortSignal },
): Promise<RunResult> {
  return await run('sftp', sftpArguments(target), {
    cwd: options.cwd,
    // A person's own keys, on purpose.
    env: { SSH_AUTH_SOCK: options.env['SSH_AUTH_SOCK'] },
    input: `${commands.join('\n')}\n`,
    signal: options.signal,
  });
}
