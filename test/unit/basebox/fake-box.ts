/** A fake mmdebstrap and fake disk tools: what they give is small, all that comes after it is real. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fakeProgram, type FakeProgram } from '../../rig/fake-programs.js';

/** In place of the tools root's dynamic loader: does a little of what its arguments ask for. */
const loader = (content: string): string => `#!/bin/sh
shift 2
for argument; do case $argument in *.raw) disk=$argument ;; esac; done
case $1 in
*/grub-mkimage) while [ "$1" != -o ]; do shift; done; echo GRUBCORE >"$2" ;;
*/mke2fs) { ${content}; } | dd of="$disk" bs=1 seek=1048576 conv=notrunc 2>/dev/null ;;
*/sfdisk) cat >/dev/null ;;
esac
`;

/** What mmdebstrap does for us: the tar of the tools, or a root file system with what its hooks download. */
const mmdebstrap = (before: string, after: string): string => `
for argument; do case $argument in *.tar) tar=$argument ;; esac; done
out=$(dirname "$tar")
case "$*" in
*--variant=extract*) echo 'I: unpacking' >&2; tar -C "$FAKE_TOOLS" -cf "$tar" . ;;
*)
  ${before}
  echo 'I: running apt-get update...' >&2
  ${after}
  tar -cf "$tar" -T /dev/null
  printf 'bash\\t5.2-1\\tbash\\t5.2-1\\nlibc6\\t2.41-12\\tglibc\\t2.41-12\\n' >"$out/packages"
  echo kernel >"$out/vmlinuz"
  echo initrd >"$out/initrd.img"
  ;;
esac`;

const toolsOf = (root: string): string => join(root, 'tools-content');

/** @param content a command of sh whose output the file system begins with */
export async function fakeTools(root: string, content = 'printf EXT4'): Promise<void> {
  const tools = toolsOf(root);
  const libraries = join(tools, 'usr/lib/x86_64-linux-gnu');
  await mkdir(libraries, { recursive: true });
  await mkdir(join(tools, 'usr/lib/grub/i386-pc'), { recursive: true });
  await writeFile(join(libraries, 'ld-linux-x86-64.so.2'), loader(content), { mode: 0o755 });
  await writeFile(join(tools, 'usr/lib/grub/i386-pc/boot.img'), Buffer.alloc(512, 'B'));
}

/**
 * Its tools are those of `fakeTools` with the same root.
 * @param before what it does first, when it makes a root file system
 * @param after what it does then
 */
export const fakeMmdebstrap = (root: string, before = ':', after = ':'): Promise<FakeProgram> =>
  fakeProgram('mmdebstrap', `FAKE_TOOLS='${toolsOf(root)}'\n${mmdebstrap(before, after)}`);
