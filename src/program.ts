/** Where the command `mayfly` of this package is, for those that are to call it later. */
import { fileURLToPath } from 'node:url';

export const PROGRAM = fileURLToPath(new URL('../bin/mayfly.js', import.meta.url));
