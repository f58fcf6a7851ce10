/** Paths that come out of a repository are not ours: they must not lead out of the folder they are put in. */

/** True for a path below its folder: relative, with no `..`, and nothing that git would take for its own. */
export function isSafePath(path: string): boolean {
  if (path.includes('\0')) return false;
  return path.split('/').every((part) => !['', '.', '..', '.git'].includes(part.toLowerCase()));
}
