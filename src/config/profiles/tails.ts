/**
 * The profile of a Tails-style checkout: a builder directory `vagrant/` that has never heard of mayfly.
 * Its settings are read from its own files, as they are; its own scripts set the VM up and build. What it
 * gives is the same value that builder.yaml gives.
 */
import { MayflyError } from '../../errors.js';
import type { Config, OriginConfig } from '../config.js';
import { deepFreeze, toConfig } from '../defaults.js';
import { WORD } from '../fields.js';
import { describeFound, fieldName } from '../problems.js';
import { builderSchema } from '../schema.js';
import { DEFAULT_ORIGINS, isDefaultOrigin } from '../schema-rules.js';
import { placeOf, type FoundSource, type SourcePlace } from './apt-lines.js';
import { readBoxDefinition, type BoxDefinition } from './box-definition.js';
import { rubyConstants } from './ruby-constants.js';
import { ownFile } from '../../program.js';

const DEFINITION = 'definitions/tails-builder';
const POSTINSTALL = `${DEFINITION}/postinstall.sh`;
const SETTINGS = 'lib/tails_build_settings.rb';
const PROVISION = 'provision/setup-tails-builder';

/** Paths are relative to the builder directory. */
export const TAILS = {
  name: 'tails',
  builderFolder: 'vagrant',
  /** A checkout that has all of these is one. */
  marks: [SETTINGS, PROVISION],
  settings: SETTINGS,
  definition: [`${DEFINITION}/generate-tails-builder-box.sh`, POSTINSTALL],
  /** Serials of the base box. */
  serials: `${DEFINITION}/config/APT_snapshots.d`,
} as const;

/** A real checkout has a tenth of it. Characters. */
const LARGEST = 256 * 1024;

/** What the reference has where its files say nothing. */
const FALLBACK = { architecture: 'amd64', memory: 1536, buildMemory: 12 * 1024, disk: '20G' } as const;

/** Constants of the settings that are read here. */
const USED = ['DISTRIBUTION', 'ARCHITECTURE', 'VM_MEMORY_BASE', 'BUILD_SPACE_REQUIREMENT'] as const;

/** debootstrap installs what Debian calls important; scripts count on these. */
const IMPORTANT = ['fdisk', 'netbase', 'procps', 'tzdata'] as const;

/** Which branches have frozen serials; a topic branch follows its base branch. */
const BRANCHES = { stable: 'frozen', testing: 'frozen', devel: 'moving' } as const;

export interface TailsFiles {
  /** Name of the project: its top-level folder's, normalised. */
  readonly name: string;
  /** Absolute path of the checkout. */
  readonly topLevel: string;
  /** Content of TAILS.settings. */
  readonly settings: string;
  /** Contents of those of TAILS.definition that exist. */
  readonly definition: readonly string[];
  /** Origins that have a serial file: of the base box, and of the image. */
  readonly boxOrigins: readonly string[];
  readonly imageOrigins: readonly string[];
}

/** @throws MayflyError `profile.invalid` with all that cannot be used of what the files say */
export function tailsConfig(files: TailsFiles): Config {
  const whole = [files.settings, ...files.definition].reduce((sum, text) => sum + text.length, 0);
  if (whole > LARGEST)
    throw invalid([`they have ${whole} characters, more than the ${LARGEST} that settings may have`]);
  const { values: constants, unread } = rubyConstants(files.settings);
  // A default in its place would be another build than the file says.
  const odd = USED.filter((name) => unread.has(name));
  if (odd.length > 0) {
    throw invalid(
      odd.map((name) => {
        const expression = unread.get(name)?.trim().slice(0, 60) ?? '';
        return `${name} = ${expression}: expected a number, text, or + - * / and brackets of such`;
      }),
    );
  }
  const text = (name: string): string | undefined => constants.get(name)?.toString();
  const mebibytes = (name: string, fallback: number): number =>
    Math.round(Number(constants.get(name) ?? fallback)) * 2 ** 20;
  const distribution = text('DISTRIBUTION');
  const architecture = text('ARCHITECTURE') ?? FALLBACK.architecture;
  const definition = readBoxDefinition(files.definition, {
    ARCHITECTURE: architecture,
    ...(distribution === undefined ? {} : { DISTRIBUTION: distribution }),
  });
  const archive = archiveOf(files, definition);
  const settings = {
    name: files.name,
    basebox: {
      prefix: 'tails-builder',
      architecture,
      distribution: distribution ?? null,
      packages: [...new Set([...IMPORTANT, ...definition.packages])],
      postinstall: POSTINSTALL,
      disk: definition.disk ?? FALLBACK.disk,
    },
    archive: { ...archive.settings, branches: BRANCHES },
    vm: {
      memory: mebibytes('VM_MEMORY_BASE', FALLBACK.memory),
      build_memory: mebibytes('BUILD_SPACE_REQUIREMENT', FALLBACK.buildMemory),
      // Its scripts name the service themselves.
      ...(archive.settings.kind === 'serials' ? { network: 'open' } : {}),
    },
    guest: { user: 'vagrant', source: '/amnesia.git', builder: '/vagrant' },
    build: { provision: PROVISION, variables_prefix: 'TAILS' },
    artifacts: { patterns: ['tails-amd64-*', 'tails-build-env.list'], directory: '.' },
  };
  const parsed = builderSchema.safeParse(settings);
  if (!parsed.success) {
    throw invalid(
      parsed.error.issues.map(({ path, message }) => {
        const found = path.reduce(part, settings);
        return `${fieldName(path)}: expected ${message}, found ${describeFound(found)}`;
      }),
    );
  }
  const config = toConfig(parsed.data, { name: files.name });
  return deepFreeze<Config>({
    ...config,
    basebox: { ...config.basebox, serials: TAILS.serials },
    archive: { ...config.archive, origins: { ...config.archive.origins, ...archive.imageOnly } },
    guest: { ...config.guest, setup: 'scripts' },
    build: { ...config.build, script: '/usr/local/bin/build-tails' },
    artifacts: { ...config.artifacts, from: '/home/vagrant' },
  });
}

function part(value: unknown, key: PropertyKey): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}

interface ArchiveSettings {
  readonly kind: 'serials' | 'local';
  readonly url?: string;
  readonly origins: Readonly<Record<string, object | false>>;
}

/** A snapshot service, where the definition names one; else the local archive. */
function archiveOf(
  files: TailsFiles,
  definition: BoxDefinition,
): { readonly settings: ArchiveSettings; readonly imageOnly: Readonly<Record<string, OriginConfig>> } {
  const boxOrigins = files.boxOrigins.length === 0 ? Object.keys(DEFAULT_ORIGINS) : files.boxOrigins;
  const names = [...new Set([...boxOrigins, ...files.imageOrigins])].filter((name) => WORD.test(name));
  const placed = definition.sources.flatMap((source) => {
    const place = placeOf(source, [...names, ...Object.keys(DEFAULT_ORIGINS)]);
    return place === undefined ? [] : [{ source, place }];
  });
  const service = placed.map(({ place }) => place.service).find((url) => url !== undefined);
  const keyring = keyringOf(files, definition);
  const origins: Record<string, object | false> = {};
  const imageOnly: Record<string, OriginConfig> = {};
  for (const name of new Set([...names, ...Object.keys(DEFAULT_ORIGINS)])) {
    const here = placed.filter(({ place }) => place.origin === name);
    const inBox = here.length > 0 || (boxOrigins.includes(name) && isDefaultOrigin(name));
    if (inBox)
      origins[name] = originOf(here, service === undefined ? undefined : `${service}/${name}`, keyring);
    else {
      if (isDefaultOrigin(name)) origins[name] = false;
      if (names.includes(name)) imageOnly[name] = ofImage();
    }
  }
  const settings: ArchiveSettings =
    service === undefined ? { kind: 'local', origins } : { kind: 'serials', url: service, origins };
  return { settings, imageOnly };
}

/** An origin that the base box takes nothing from: no suites, only a serial that the build is told. */
const ofImage = (): OriginConfig => ({
  url: undefined,
  suites: [],
  components: ['main'],
  keyring: undefined,
});

function originOf(
  found: readonly { readonly source: FoundSource; readonly place: SourcePlace }[],
  inService: string | undefined,
  keyring: string | undefined,
): object {
  const suites = [...new Set(found.map(({ source }) => source.suite))];
  const components = [...new Set(found.flatMap(({ source }) => source.components))];
  const url = inService ?? found.map(({ place }) => place.mirror).find((mirror) => mirror !== undefined);
  return {
    ...(suites.length === 0 ? {} : { suites }),
    ...(components.length === 0 ? {} : { components }),
    ...(url === undefined ? {} : { url }),
    ...(keyring === undefined ? {} : { keyring }),
  };
}

/** A keyring in the checkout is named from its top, whatever variable the definition writes before it. */
function keyringOf(files: TailsFiles, { keyring }: BoxDefinition): string | undefined {
  const inside = keyring === undefined ? undefined : /(?:^|\/)(config\/(?!.*\.\.).+)$/.exec(keyring)?.[1];
  if (inside !== undefined) return `${files.topLevel}/${inside}`;
  return keyring?.startsWith('/') === true ? keyring : undefined;
}

/** In the installation of mayfly. */
const REFERENCE = ownFile('docs/coming-from-rake.md');

function invalid(details: readonly string[]): MayflyError {
  return new MayflyError(
    'usage',
    'profile.invalid',
    `The settings of this Tails-style checkout (${TAILS.builderFolder}/${SETTINGS} and ${DEFINITION}/) cannot be used.`,
    { details, hint: `Correct them there. ${REFERENCE} tells what is read from which file.` },
  );
}
