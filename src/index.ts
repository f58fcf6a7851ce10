/** The library: what the command line does, for programs. */
export { build, type BuildRequest, type BuildResult } from './build/build.js';
export { bootImage, type BootRequest } from './tasks/boot-image.js';
export { createProjectBox } from './build/box/commands.js';
export type { Context } from './build/context.js';
export { examineHost, type Finding } from './tasks/doctor.js';
export { initProject } from './tasks/init.js';
export { ScriptFailed } from './build/work-in-vm.js';
export { makePlan, type BuildPlan } from './build/plan/plan.js';
export { buildRecordSchema, type BuildRecord } from './build/record/record.js';
export { MayflyError, type FailureKind } from './errors.js';
export { resolveHome, type Home } from './paths.js';
export type { MayflyEvent, Report, StepName } from './report/events.js';
