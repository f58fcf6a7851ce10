/** Base boxes as commands name them. */
import type { Box } from '../basebox/store.js';
import type { Context } from '../build/context.js';
import { MayflyError } from '../errors.js';

/** All base boxes of this host, newest first. */
export async function allBoxes(context: Context): Promise<readonly Box[]> {
  const [{ listBoxes }, { boxesFolder }] = await Promise.all([
    import('../basebox/store.js'),
    import('../paths.js'),
  ]);
  return await listBoxes(boxesFolder(context.home));
}

/** What an argument that names a box may be. */
export const BOX_NAME = 'Label, the beginning of a fingerprint, or a whole identity.';

/** @throws MayflyError `box.unknown`, `box.ambiguous` */
export async function pickBox(boxes: readonly Box[], name: string): Promise<Box> {
  const named = boxes.filter(
    ({ record }) => record.label === name || (name.length >= 4 && record.fingerprint.startsWith(name)),
  );
  const found = named.length > 0 ? named : await identicalTo(boxes, name);
  const [first] = found;
  if (first === undefined) {
    throw new MayflyError('usage', 'box.unknown', `There is no base box ${name}.`, {
      hint: '`mayfly box list` lists them.',
    });
  }
  if (found.length > 1) {
    throw new MayflyError('usage', 'box.ambiguous', `${found.length} base boxes answer to ${name}.`, {
      details: found.map(({ record }) => `${record.fingerprint}  ${record.label}  ${record.createdAt}`),
      hint: 'Give the fingerprint.',
    });
  }
  return first;
}

/** Those of an identity, as `box show` prints it. */
async function identicalTo(boxes: readonly Box[], name: string): Promise<readonly Box[]> {
  if (!/^[0-9a-f]{64}$/.test(name)) return [];
  const { boxIdentity } = await import('../basebox/identity.js');
  const identities = await Promise.all(boxes.map(({ folder, record }) => boxIdentity(folder, record)));
  return boxes.filter((_, index) => identities[index] === name);
}
