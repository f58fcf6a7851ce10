/** A mirror of a small archive, signed with a key of its own, served on 127.0.0.1. */
import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { execa } from 'execa';

export interface MirrorPackage {
  readonly name: string;
  readonly version: string;
  /** Fields beside those that each has, such as `Breaks`. */
  readonly fields?: Readonly<Record<string, string>>;
  /** The package's file, or what stands for it. */
  readonly content: string | Buffer;
}

export interface MirrorState {
  readonly packages: readonly MirrorPackage[];
  readonly validUntil?: Date;
  /** Lines of the Release file that take the place of ours. */
  readonly release?: Readonly<Record<string, string>>;
  readonly byHash?: boolean;
}

export interface Mirror extends AsyncDisposable {
  readonly url: string;
  /** Path of the keyring that signs it. */
  readonly keyring: string;
  /** The suite it has. */
  readonly suite: string;
  /** Replaces what it has; files of earlier states stay in the pool unless `forget`. */
  publish(state: MirrorState, forget?: boolean): Promise<void>;
  /** Paths that were asked for. */
  readonly requests: string[];
  /** Path → content that is served instead. */
  readonly spoiled: Map<string, Buffer | number>;
}

const sha256 = (data: Buffer): string => createHash('sha256').update(data).digest('hex');

export const poolPath = ({ name, version }: MirrorPackage): string =>
  `pool/main/${name.charAt(0)}/${name}/${name}_${version}_amd64.deb`;

/** A package that can be installed, with no files. */
export async function emptyPackage(
  name: string,
  version: string,
  others: Readonly<Record<string, string>> = {},
): Promise<MirrorPackage> {
  const folder = await mkdtemp(join(tmpdir(), 'package-'));
  try {
    const fields = {
      Package: name,
      Version: version,
      Architecture: 'amd64',
      Maintainer: 'Nobody <nobody@localhost>',
      ...others,
    };
    const lines = Object.entries({ ...fields, Description: 'of a test' }).map(
      ([field, value]) => `${field}: ${value}\n`,
    );
    await put(folder, 'root/DEBIAN/control', lines.join(''));
    const built = join(folder, 'built.deb');
    await execa('dpkg-deb', ['--root-owner-group', '--build', join(folder, 'root'), built]);
    return { name, version, fields: others, content: await readFile(built) };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Files of a GnuPG home by path: to make a key takes longer than all that is done with it. */
const homes = new Map<string, Promise<ReadonlyMap<string, Buffer>>>();

/** A keyring with the key of an owner, in a GnuPG home of its own. */
async function keyOf(owner: string, home: string): Promise<{ home: string; keyring: string }> {
  const made = homes.get(owner) ?? makeKey(owner, home);
  homes.set(owner, made);
  for (const [path, content] of await made) await put(home, path, content);
  await chmod(home, 0o700);
  return { home, keyring: join(home, KEYRING) };
}

const KEYRING = 'keyring.gpg';

/** @param home GnuPG's sockets want a short path */
async function makeKey(owner: string, home: string): Promise<ReadonlyMap<string, Buffer>> {
  await mkdir(home, { recursive: true, mode: 0o700 });
  const gpg = async (...args: readonly string[]): Promise<void> => {
    await execa('gpg', ['--batch', '--quiet', '--homedir', home, '--passphrase', '', ...args]);
  };
  await gpg('--quick-generate-key', `${owner}@localhost`, 'ed25519', 'sign', 'never');
  await gpg('--output', join(home, KEYRING), '--export');
  await endAgent(home);
  const files = await readdir(home, { recursive: true, withFileTypes: true });
  const paths = files.filter((file) => file.isFile()).map((file) => join(file.parentPath, file.name));
  return new Map(
    await Promise.all(paths.map(async (path) => [relative(home, path), await readFile(path)] as const)),
  );
}

async function endAgent(home: string): Promise<void> {
  await execa('gpgconf', ['--homedir', home, '--kill', 'all'], { reject: false });
}

/**
 * @param folder becomes the mirror's own
 * @param suite what it calls its only suite
 * @param owner whose key signs it
 */
export async function startMirror(folder: string, suite = 'trixie', owner = 'mirror'): Promise<Mirror> {
  const { home, keyring } = await keyOf(owner, join(folder, 'gnupg'));
  const root = join(folder, 'root');
  const requests: string[] = [];
  const spoiled = new Map<string, Buffer | number>();
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://x').pathname).slice(1);
    requests.push(path);
    void (async () => {
      const instead = spoiled.get(path);
      if (typeof instead === 'number') {
        response.writeHead(instead).end();
        return;
      }
      const content = instead ?? (await readFile(join(root, path)).catch(() => undefined));
      response.writeHead(content === undefined ? 404 : 200).end(content);
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    keyring,
    suite,
    requests,
    spoiled,
    async publish(state, forget = false) {
      if (forget) await rm(root, { recursive: true, force: true });
      await writeState(root, home, suite, state);
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await endAgent(home);
    },
  };
}

async function put(root: string, path: string, content: Buffer | string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), content);
}

async function writeState(root: string, home: string, suite: string, state: MirrorState): Promise<void> {
  const paragraphs: string[] = [];
  for (const entry of state.packages) {
    const content = Buffer.from(entry.content);
    await put(root, poolPath(entry), content);
    paragraphs.push(
      [
        `Package: ${entry.name}`,
        `Version: ${entry.version}`,
        'Architecture: amd64',
        'Maintainer: Nobody <nobody@localhost>',
        ...Object.entries(entry.fields ?? {}).map(([field, value]) => `${field}: ${value}`),
        `Filename: ${poolPath(entry)}`,
        `Size: ${content.length}`,
        `SHA256: ${sha256(content)}`,
        'Description: of a test',
        '',
      ].join('\n'),
    );
  }
  const plain = Buffer.from(paragraphs.join('\n'));
  const packed = await execa('xz', ['--stdout'], { input: plain, encoding: 'buffer' });
  const indexes: Readonly<Record<string, Buffer>> = {
    'main/binary-amd64/Packages': plain,
    'main/binary-amd64/Packages.xz': Buffer.from(packed.stdout),
  };
  const sums: string[] = [];
  for (const [path, content] of Object.entries(indexes)) {
    await put(root, `dists/${suite}/${path}`, content);
    await put(root, `dists/${suite}/${dirname(path)}/by-hash/SHA256/${sha256(content)}`, content);
    sums.push(` ${sha256(content)} ${String(content.length).padStart(8)} ${path}`);
  }
  const fields: Readonly<Record<string, string>> = {
    Origin: 'Test',
    Suite: suite,
    Codename: suite,
    Date: new Date().toUTCString().replace('GMT', 'UTC'),
    ...(state.validUntil === undefined
      ? {}
      : { 'Valid-Until': state.validUntil.toUTCString().replace('GMT', 'UTC') }),
    ...(state.byHash === false ? {} : { 'Acquire-By-Hash': 'yes' }),
    Architectures: 'amd64',
    Components: 'main',
    ...state.release,
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}`);
  const release = [...lines, 'SHA256:', ...sums, ''].join('\n');
  const signed = await execa(
    'gpg',
    ['--batch', '--quiet', '--homedir', home, '--clearsign', '--digest-algo', 'SHA512'],
    { input: release, stripFinalNewline: false },
  );
  await put(root, `dists/${suite}/InRelease`, signed.stdout);
}
