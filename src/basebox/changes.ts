/** Which inputs of a base box changed since the one before it, in words. Pure. */
import { z } from 'zod';
import type { FingerprintInputs } from './recipe.js';
import type { Box } from './store.js';

const inputsShape = z.looseObject({
  recipe: z.number(),
  setup: z.record(z.string(), z.string()),
  tools: z.array(z.string()),
  architecture: z.string(),
  distribution: z.string(),
  packages: z.array(z.string()),
  user: z.string(),
  diskBytes: z.number(),
  origins: z.array(
    z.looseObject({
      origin: z.string(),
      suites: z.array(z.string()),
      components: z.array(z.string()),
      serial: z.string(),
      releases: z.record(z.string(), z.string()),
    }),
  ),
  postinstall: z.string().optional(),
  postinstallOffline: z.literal(true).optional(),
});

/** The inputs of a stored box; undefined of one that an older mayfly made, with other fields. */
export function inputsOfBox(box: Box): FingerprintInputs | undefined {
  const parsed = inputsShape.safeParse(box.record.inputs);
  return parsed.success ? { ...parsed.data, postinstall: parsed.data.postinstall } : undefined;
}

/** `<prefix>-<arch>-<distribution>` of a label `<prefix>-<arch>-<distribution>-<date>-<shortid>`. */
export function labelStem(label: string): string {
  return label.replace(/-\d{8}-[^-]+$/, '');
}

/** The newest box of the same project that is older than this one. */
export function previousBox(boxes: readonly Box[], box: Box): Box | undefined {
  return boxes
    .filter(
      ({ record }) =>
        labelStem(record.label) === labelStem(box.record.label) && record.createdAt < box.record.createdAt,
    )
    .sort((a, b) => (a.record.createdAt < b.record.createdAt ? 1 : -1))[0];
}

/** One line for each difference; none when the inputs are the same. */
export function changedInputs(before: FingerprintInputs, now: FingerprintInputs): readonly string[] {
  return [
    ...scalar('recipe of mayfly', before.recipe, now.recipe),
    ...scalar('architecture', before.architecture, now.architecture),
    ...scalar('distribution', before.distribution, now.distribution),
    ...scalar('user', before.user, now.user),
    ...scalar('size of the disk', before.diskBytes, now.diskBytes),
    ...sets('packages', before.packages, now.packages),
    ...sets('disk tools', before.tools, now.tools),
    ...scalar('postinstall', hashName(before.postinstall), hashName(now.postinstall)),
    ...scalar('network of postinstall', networkName(before), networkName(now)),
    ...records('files of mayfly in the box', before.setup, now.setup),
    ...origins(before.origins, now.origins),
  ];
}

const networkName = ({ postinstallOffline }: FingerprintInputs): string =>
  postinstallOffline === true ? 'none' : 'of the host';

const hashName = (sha256: string | undefined): string =>
  sha256 === undefined ? 'none' : sha256.slice(0, 12);

function scalar(name: string, before: string | number, now: string | number): readonly string[] {
  return before === now ? [] : [`${name}: ${before} → ${now}`];
}

function sets(name: string, before: readonly string[], now: readonly string[]): readonly string[] {
  const words = [
    ...now.filter((item) => !before.includes(item)).map((item) => `+${item}`),
    ...before.filter((item) => !now.includes(item)).map((item) => `-${item}`),
  ];
  return words.length === 0 ? [] : [`${name}: ${words.join(' ')}`];
}

function records(
  name: string,
  before: Readonly<Record<string, string>>,
  now: Readonly<Record<string, string>>,
): readonly string[] {
  const changed = [...new Set([...Object.keys(before), ...Object.keys(now)])]
    .filter((key) => before[key] !== now[key])
    .sort();
  return changed.length === 0 ? [] : [`${name}: ${changed.join(' ')}`];
}

function origins(before: FingerprintInputs['origins'], now: FingerprintInputs['origins']): readonly string[] {
  const names = [...new Set([...before, ...now].map(({ origin }) => origin))].sort();
  return names.flatMap((name) => {
    const [old, own] = [before, now].map((all) => all.find(({ origin }) => origin === name));
    if (old === undefined) return [`${name}: new, ${own?.serial ?? ''}`];
    if (own === undefined) return [`${name}: gone, was ${old.serial}`];
    const parts = [
      ...scalar(name, old.serial, own.serial),
      ...sets(`${name}, suites`, old.suites, own.suites),
      ...sets(`${name}, components`, old.components, own.components),
    ];
    // Another host's serial, or a state that was not known to the box before.
    const isOther = JSON.stringify(old.releases) !== JSON.stringify(own.releases);
    return parts.length === 0 && isOther
      ? [`${name}: another state of the same serial ${own.serial}`]
      : parts;
  });
}
