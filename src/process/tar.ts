/** tar(1), as more than one part of mayfly uses it. */

/** Nothing of this host or moment goes into the archive: the same files give the same bytes. */
export const SAME_BYTES = [
  '--format=gnu',
  '--mtime=@0',
  '--mode=0644',
  '--owner=0',
  '--group=0',
  '--numeric-owner',
] as const;
