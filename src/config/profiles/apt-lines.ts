/** What shell commands and texts say about APT: packages to install, and one-line sources. Pure. */
import { UNKNOWN } from './shell-expansion.js';

/** Options of apt-get(8) whose value is the next word. */
const WITH_VALUE = new Set(['-t', '-o', '-c', '-a', '--target-release', '--default-release', '--option']);
/** Debian Policy 5.6.7; a version, a suite or an architecture may follow. */
const PACKAGE = /^([a-z0-9][a-z0-9+.-]+)(?:[=/:].*)?$/;

/** The packages of `apt-get install` lines; words that only running the script could tell are left out. */
export function installedPackages(commands: readonly (readonly string[])[]): readonly string[] {
  return commands.flatMap((words) => {
    const start = words.findIndex((word) => /^(?:.*\/)?(?:apt-get|apt|aptitude)$/.test(word));
    const install = start < 0 ? -1 : words.indexOf('install', start);
    return install < 0 ? [] : packageWords(words.slice(start + 1)).slice(1);
  });
}

/** `install` and the packages. */
function packageWords(words: readonly string[]): readonly string[] {
  const found: string[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (WITH_VALUE.has(word)) at += 1;
    // A redirection ends what is meant for apt-get.
    else if (/^\d*[<>]/.test(word)) break;
    else if (!word.startsWith('-') && !word.endsWith('-') && !word.includes(UNKNOWN)) {
      const [, name] = PACKAGE.exec(word) ?? [];
      if (name !== undefined) found.push(name);
    }
  }
  return found;
}

export interface FoundSource {
  readonly url: string;
  readonly suite: string;
  readonly components: readonly string[];
}

/** sources.list(5), one-line style. Options end at the next bracket: what is no source costs no second look. */
const SOURCE =
  /(?:^|[\s'"])deb[ \t]+(?:\[[^\][\n]*\][ \t]*)?(https?:\/\/\S+)[ \t]+(\S+)((?:[ \t]+[A-Za-z][A-Za-z0-9._/-]*)*)/gm;

export function foundSources(texts: readonly string[]): readonly FoundSource[] {
  return texts.flatMap((text) =>
    Array.from(text.matchAll(SOURCE), ([, url = '', suite = '', components = '']) => ({
      url,
      suite,
      components: components.split(/[ \t]+/).filter((word) => word !== ''),
    })),
  );
}

/** Where a source comes from: of a snapshot service, of a mirror, or of a place that cannot be told. */
export interface SourcePlace {
  readonly origin: string;
  /** `<service>/<origin>/<serial>` */
  readonly service: string | undefined;
  readonly mirror: string | undefined;
}

const SERIAL = /^\d{10}$/;

/** @param origins names of origins that are known */
export function placeOf({ url, suite }: FoundSource, origins: readonly string[]): SourcePlace | undefined {
  const parts = url.replace(/\/+$/, '').split('/');
  const last = parts.at(-1) ?? '';
  const before = parts.at(-2) ?? '';
  const isKnown = (name: string): boolean => origins.includes(name);
  if ((SERIAL.test(last) || last.includes(UNKNOWN)) && isKnown(before)) {
    const service = parts.slice(0, -2).join('/');
    return { origin: before, service: whole(service), mirror: undefined };
  }
  if (isKnown(last)) return { origin: last, service: undefined, mirror: whole(parts.join('/')) };
  const isSecurity = /-security$|\/updates$/.test(suite);
  const origin = isSecurity ? 'debian-security' : undefined;
  return origin === undefined ? undefined : { origin, service: undefined, mirror: whole(parts.join('/')) };
}

/** An address, unless a part of it is not known. */
function whole(url: string): string | undefined {
  return url.includes(UNKNOWN) ? undefined : url;
}
