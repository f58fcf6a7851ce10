/** The section `archive` of builder.yaml, and the fields of an origin. */
import * as z from 'zod';
import {
  archiveUrl,
  branchPattern,
  componentName,
  field,
  hostPath,
  list,
  oneOf,
  optionalField,
  suiteName,
  word,
} from './fields.js';
import { ALWAYS, originsRule } from './schema-rules.js';

const ARCHIVE_KINDS = ['local', 'mirror', 'serials', 'timestamps', 'ubuntu'] as const;

export const originFields = {
  url: optionalField(
    'URL',
    archiveUrl(),
    "what the host's own APT uses",
    'The mirror of the origin: where `local` takes snapshots from, and what `mirror` uses. An origin beyond the two defaults needs it, unless it has the `kind` of a service itself.',
  ),
  suites: optionalField(
    'list of suites',
    list(suiteName(), 'a list of suites').min(1, { error: 'at least one suite' }),
    '`<distribution>` and `<distribution>-updates` (`debian`), `<distribution>-security` (`debian-security`)',
    'Suites to use. An origin beyond the two defaults needs them.',
  ),
  components: field(
    'list of components',
    list(componentName(), 'a list of components').min(1, { error: 'at least one component' }),
    ['main'],
    'Components to use.',
  ),
  keyring: optionalField(
    'path',
    hostPath(),
    "Debian's archive keyring",
    'Keyring that signs the origin: on this host, or in the builder directory when relative.',
  ),
  kind: optionalField(
    'word',
    oneOf(ARCHIVE_KINDS),
    '`archive.kind`',
    'Where the snapshots of this origin come from, in place of `archive.kind`: one of the same words.',
  ),
  service: optionalField(
    'URL',
    archiveUrl(),
    '`archive.url`, where `kind` is the same',
    'Base of the snapshot service of this origin; needed where its `kind` is `serials`, `timestamps` or `ubuntu`, and another than `archive.kind`.',
  ),
  tagged_service: optionalField(
    'URL',
    archiveUrl(),
    '`archive.tagged_url`, where `service` is not given',
    'Base of its tagged snapshots, for `serials`.',
  ),
};

const origin = z.union(
  [
    z.literal(false),
    z.strictObject(originFields, { error: 'a mapping with url, suites, components and keyring, or false' }),
  ],
  {
    error: 'a mapping with url, suites, components and keyring, or false',
  },
);

export const archive = {
  kind: field(
    'word',
    oneOf(ARCHIVE_KINDS),
    'local',
    "Where snapshots of packages come from. `local`: mayfly's own archive on this host, which takes them from a mirror. `serials`: a service with `<url>/<origin>/<serial>`, such as `mayfly snapshots serve`. `timestamps`: one with `<url>/archive/<origin>/<timestamp>`. `ubuntu`: one with `<url>/<origin>/<timestamp>` for every moment. `mirror`: no snapshots, always the newest packages. It is the kind of all origins but those that have their own (`archive.origins.<origin>.kind`), such as a third party's, which a service of timestamps does not keep.",
  ),
  url: optionalField(
    'URL',
    archiveUrl(),
    'none',
    'Base of the snapshot service; needed by `serials`, `timestamps` and `ubuntu`.',
  ),
  tagged_url: optionalField(
    'URL',
    archiveUrl(),
    'none',
    'Base of its tagged snapshots, `<tagged_url>/<tag>/<origin>`, for `serials`.',
  ),
  pinned: field(
    'true or false',
    z.boolean({ error: 'true or false' }),
    false,
    'Refuse what no serial pins: an origin at `latest` other than `debian-security`, `archive.kind: mirror`, a VM that reaches more than the archive, a proxy outside it. A build that asked for anything outside its serials fails, and `basebox.postinstall` has no network.',
    '`false`',
  ),
  branches: field(
    'mapping',
    z.record(branchPattern(), oneOf(['frozen', 'moving', 'any']), { error: 'a mapping of branches' }),
    {},
    'Branch, or pattern such as `release/*` → whether the serials of its image must be `frozen` (but for `debian-security`), must be `moving` (at `latest`), or may be `any`. The first that fits the branch counts; when none does, the first that fits its base branch.',
    'none',
  ),
  origins: field(
    'mapping',
    z
      .record(word('the name of an origin'), origin, { error: 'a mapping of origins' })
      .superRefine(originsRule, ALWAYS),
    {},
    'Origin → where its packages come from. The origins `debian` and `debian-security` are there unless set to `false`; what is given here is added to them.',
    '`debian`, `debian-security`',
  ),
};
