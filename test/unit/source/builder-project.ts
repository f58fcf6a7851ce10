/** A project with a builder directory that holds every kind of file, and ways to look at a copy of it. */
import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { materializeFolder, type MaterializeRequest } from '../../../src/source/folder.js';
import { inspectCheckout } from '../../../src/source/inspect.js';
import { commit, contents, repository, temporaryFolder } from './repository.js';

/** Every byte there is, and no valid UTF-8. */
export const BINARY = Buffer.from(Array.from({ length: 256 }, (_, index) => index));

export async function project(): Promise<string> {
  const root = await repository(join(await temporaryFolder(), 'project'), {
    '.gitattributes': '*.txt text eol=crlf\nbuilder/kept.txt export-ignore\n',
    '.gitignore': '*.o\n',
    'outside.txt': 'outside\n',
    'builder/builder.yaml': 'name: x\n',
    'builder/kept.txt': 'line\n',
    'builder/empty': '',
    'builder/ünder/file': 'u\n',
  });
  await writeFile(join(root, 'builder/binary'), BINARY);
  await writeFile(join(root, 'builder/run'), '#!/bin/sh\n', { mode: 0o700 });
  await symlink('../outside.txt', join(root, 'builder/link'));
  await symlink('/nowhere/at all', join(root, 'builder/dangling'));
  await commit(root, 'More', {});
  return root;
}

type Extra = Partial<Omit<MaterializeRequest, 'share' | 'checkout'>>;

export async function materialize(
  root: string,
  from: 'commit' | 'worktree',
  extra: Extra = {},
): Promise<string> {
  const checkout = await inspectCheckout(root);
  const destination = join(await temporaryFolder(), 'a', 'out');
  await materializeFolder({ checkout, share: checkout, folder: 'builder', destination, from, ...extra });
  return extra.destination ?? destination;
}

export async function modes(folder: string): Promise<Record<string, string>> {
  const found = await contents(folder);
  return Object.fromEntries([...found].map(([path, text]) => [path, text.split(' ')[0] ?? '']));
}

export const ALL = {
  binary: '644',
  'builder.yaml': '644',
  dangling: '->',
  empty: '644',
  'kept.txt': '644',
  link: '->',
  run: '755',
  'ünder/': '755',
  'ünder/file': '644',
};
