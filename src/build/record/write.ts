/** Writes the build record, and puts it, the events, the log and the checksums beside the artifacts. */
import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checksumLines, writeWhole } from '../../artifacts/collect.js';
import { withoutPasswords } from '../../config/proxy.js';
import { MayflyError, messageOf } from '../../errors.js';
import { boxFiles, buildFiles } from '../../paths.js';
import type { BuildProgress } from './so-far.js';
import { readBoxFiles } from '../box/files.js';
import { describeHost } from './host.js';
import type { Journal } from './journal.js';
import { buildRecord, type BuildRecord } from './record.js';

/** @returns the folder of the artifacts */
export async function publishRecord(
  journal: Journal,
  progress: BuildProgress,
  version: string,
  failure: unknown,
): Promise<string> {
  const finishedAt = new Date();
  const outcome = outcomeOf(failure);
  if (failure !== undefined) journal.tell(failedEvent(failure));
  journal.tell({
    type: 'build-finished',
    outcome,
    seconds: (finishedAt.getTime() - progress.startedAt.getTime()) / 1000,
  });
  const record = buildRecord.parse(await makeRecord(journal, progress, version, finishedAt, failure));
  const text = `${JSON.stringify(record, null, 2)}\n`;
  await writeWhole(join(journal.folder, buildFiles.record), text);
  const directory = progress.plan?.artifacts.directory ?? journal.folder;
  if (progress.artifacts.length > 0) {
    await writeWhole(join(directory, buildFiles.checksums), checksumLines(progress.artifacts));
    for (const name of [buildFiles.record, buildFiles.events, buildFiles.log]) {
      await cp(join(journal.folder, name), join(directory, name));
    }
  }
  return directory;
}

function outcomeOf(failure: unknown): BuildRecord['outcome'] {
  if (failure === undefined) return 'success';
  return failure instanceof MayflyError && failure.kind === 'interrupted' ? 'interrupted' : 'failure';
}

function failedEvent(failure: unknown) {
  const known = failure instanceof MayflyError ? failure : undefined;
  return {
    type: 'failed' as const,
    kind: known?.kind ?? 'bug',
    code: known?.code ?? 'bug',
    message: messageOf(failure),
    details: known?.details ?? [],
    ...(known?.hint === undefined ? {} : { hint: known.hint }),
    ...(known?.log === undefined ? {} : { log: known.log }),
  };
}

async function makeRecord(
  journal: Journal,
  progress: BuildProgress,
  version: string,
  finishedAt: Date,
  failure: unknown,
): Promise<unknown> {
  const { plan, box } = progress;
  const exitCode =
    failure !== undefined && failure instanceof Error && 'exitCode' in failure ? failure.exitCode : undefined;
  return {
    schema: 1,
    build: progress.id,
    mayfly: version,
    startedAt: progress.startedAt.toISOString(),
    finishedAt: finishedAt.toISOString(),
    outcome: outcomeOf(failure),
    error:
      failure === undefined
        ? undefined
        : {
            kind: failedEvent(failure).kind,
            code: failedEvent(failure).code,
            message: messageOf(failure),
            exitCode,
          },
    commit: plan?.source.commit ?? '',
    ref: plan?.source.ref.name ?? '',
    box:
      box === undefined || plan === undefined
        ? undefined
        : {
            fingerprint: box.record.fingerprint,
            label: plan.box.label,
            diskSha256: box.record.diskSha256,
            files: await readBoxFiles(box),
            packages: JSON.parse(await readFile(join(box.folder, boxFiles.packages), 'utf8')) as unknown,
          },
    vm:
      progress.vm === undefined || plan === undefined
        ? undefined
        : { ...progress.vm, provider: plan.vm.provider },
    archive:
      plan === undefined
        ? undefined
        : {
            serials: Object.fromEntries(
              plan.archive.origins.map(({ origin, box, image }) => [
                origin,
                { box: box.serial, image: image.serial },
              ]),
            ),
            served: [...progress.served, ...progress.cached],
            outside: [...progress.outside].sort(),
          },
    host: await describeHost(),
    steps: journal.steps,
    artifacts: progress.artifacts,
    plan: plan === undefined ? {} : withoutPasswords({ ...plan }),
  };
}
