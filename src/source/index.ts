/** Git: what is built. Reads a checkout, and makes what the builder VM gets of it. */
export type {
  BaseBranch,
  Change,
  Checkout,
  CommitSource,
  DirtyPath,
  SourceRef,
  Submodule,
} from './checkout.js';
export { askedByVariables } from './asked.js';
export { branchLines, type FoundLine } from './branch-lines.js';
export { createRepository } from './create.js';
export { refuseDirty } from './dirty.js';
export { folderState, materializeFolder, type FolderState, type MaterializeRequest } from './folder.js';
export { inspectCheckout, type InspectOptions } from './inspect.js';
export { mergeConflictError, type MergeOutcome } from './merge.js';
export { withPreview, type PreviewOptions, type SourcePreview } from './preview.js';
export { findPlaces } from './places.js';
export { makeSourceShare, type ShareOptions, type SourceShare } from './share.js';
