/** The fields of builder.yaml, section by section, in the order of docs/builder.yaml.md. */
import * as z from 'zod';
import {
  branchName,
  count,
  diskSize,
  duration,
  field,
  glob,
  checkoutPath,
  insidePath,
  libvirtUri,
  list,
  mountPoint,
  oneOf,
  optionalField,
  packageName,
  size,
  userName,
  variableName,
  variablePrefix,
  variableText,
  word,
} from './fields.js';
import { PROVIDER_CHOICES } from './providers.js';
import { MOST_CPUS } from './options-words.js';
import { archive } from './schema-archive.js';
import { FIXED_VARIABLES, OPEN_VARIABLES } from './variables.js';

/** Where a project has its script for the base box, if it has one. */
export const POSTINSTALL = 'basebox/postinstall';

const listed = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(', ');

const basebox = {
  prefix: optionalField(
    'name',
    word('a name'),
    '`<name>-builder`',
    'First part of the labels of base boxes.',
  ),
  architecture: field(
    'word',
    oneOf(['amd64']),
    'amd64',
    'Debian architecture of the base box: `amd64`, the only one so far.',
  ),
  distribution: field(
    'word',
    oneOf(['bookworm', 'trixie']),
    'trixie',
    'Debian release of the base box and of the image: `bookworm` or `trixie`. After a change, freeze again.',
  ),
  packages: field(
    'list of packages',
    list(packageName(), 'a list of packages'),
    [],
    'Debian packages in the base box, beyond those that every builder VM needs.',
  ),
  postinstall: field(
    'path',
    insidePath(),
    POSTINSTALL,
    "Script, in the builder directory, that runs in the box's root before it is sealed, on this host: see guest-contract.md. It need not exist, unless another path is named.",
  ),
  disk: field('size', diskSize('1G'), '20G', "Size of the VM's disk, as the guest sees it."),
};

const vm = {
  provider: field(
    'word',
    oneOf(PROVIDER_CHOICES),
    'qemu',
    'What runs the VM: `qemu`, `libvirt`, `vagrant`, or `auto`, the first of these that works and has room. The flag `--provider` comes first. See providers.md.',
  ),
  libvirt: field(
    'list of URIs',
    list(libvirtUri(), 'a list of URIs').min(1, { error: 'at least one URI' }),
    ['qemu:///session'],
    'Hosts of the provider `libvirt`, best first: `qemu:///session`, `qemu:///system`, `qemu+ssh://USER@HOST/system`. The first that answers and has room gets the VM.',
  ),
  vagrantfile: optionalField(
    'path',
    insidePath(),
    'none',
    "A Vagrantfile of the project's own, in the builder directory: the provider `vagrant` reads it before what mayfly adds. It is a program, and this host runs it: see providers.md.",
  ),
  network: optionalField(
    'word',
    oneOf(['archive', 'open', 'none']),
    '`archive` when all serials but that of debian-security are frozen, else `open`',
    'What the VM reaches: the archive and a configured proxy only, all that the host reaches, or nothing.',
  ),
  memory: field('size', size('256M'), '1536M', 'Memory of the VM.'),
  build_memory: field('size', size('256M'), '12G', 'Memory added to it for a build in RAM.'),
  cpus: optionalField(
    'number',
    count(MOST_CPUS),
    "all of the host's",
    'Virtual processors. The build option `cpus` comes first.',
  ),
};

const guest = {
  user: field(
    'name',
    userName(),
    'builder',
    'User of the guest that runs the build script, with uid 1000 and sudo.',
  ),
  source: optionalField(
    'path',
    mountPoint(),
    '`/<name>.git`',
    "Where the guest sees the project's clone, read-only.",
  ),
  builder: field('path', mountPoint(), '/builder', 'Where the guest sees the builder directory, read-only.'),
};

const build = {
  provision: field(
    'path',
    insidePath(),
    'provision/setup-builder',
    'Script, in the builder directory, that root runs in the VM at every boot.',
  ),
  script: field(
    'path',
    insidePath(),
    'provision/build',
    'Script, in the builder directory, that builds, run by the user of the guest.',
  ),
  variables_prefix: field(
    'prefix',
    variablePrefix(),
    'MAYFLY',
    'First part of the names of the variables that tell the scripts the build options.',
  ),
  environment: field(
    'mapping',
    z.record(
      variableName(),
      z.union([variableText(), z.number(), z.boolean()], { error: 'text' }).transform(String),
      { error: 'a mapping of variables' },
    ),
    {},
    'Variables passed to both scripts; values reach them as they are written here. ' +
      `Those that mayfly sets itself are refused: ${listed(FIXED_VARIABLES)}, and the variables in the guest of docs/builder.yaml.md; ` +
      `but ${listed(OPEN_VARIABLES)} may be set.`,
  ),
  timeout: optionalField('duration', duration(), 'none', 'How long the build script may run.'),
  base_branches: field(
    'list of branches',
    list(branchName(), 'a list of branches'),
    ['stable', 'testing', 'devel'],
    'Branches that the file `config/base_branch` of a commit may name: that branch is merged, in a scratch repository, before the build.',
  ),
};

const artifacts = {
  patterns: field(
    'list of patterns',
    list(glob(), 'a list of patterns').min(1, { error: 'at least one pattern' }),
    ['*.iso', '*.img', '*.packages', '*.buildlog'],
    'Files that come out of the clone in the guest.',
  ),
  directory: field(
    'path',
    checkoutPath(),
    'artifacts',
    "Where they go: a folder in the project's checkout. Any other is the person's to name: `--artifacts`, or the variable `ARTIFACTS`.",
  ),
};

const caches = {
  packages: field(
    'size',
    size('256M'),
    '20G',
    'Size of the cache disk for packages. One that is there grows to it, and never shrinks.',
  ),
  website: field(
    'size',
    size('256M'),
    '5G',
    'Size of the cache disk for the built website. One that is there grows to it, and never shrinks.',
  ),
};

/** What stands below each key of the file that is a section. */
export const SECTIONS = { basebox, archive, vm, guest, build, artifacts, caches };
