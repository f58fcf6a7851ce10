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

/** @throws MayflyError `box.unknown`, `box.ambiguous` */
export function pickBox(boxes: readonly Box[], name: string): Box {
  const found = boxes.filter(
    ({ record }) => record.label === name || (name.length >= 4 && record.fingerprint.startsWith(name)),
  );
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
