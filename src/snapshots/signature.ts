/** Signatures of archives, checked by gpgv as APT of Debian 12 does: one good signature is enough, a bad one is too much. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MayflyError } from '../errors.js';
import { run } from '../process/run.js';
import { makeScratch } from '../process/scratch.js';
import { readBinaryKeyring } from './keyring.js';

export interface SignedText {
  /** What was signed; nothing beside it is to be believed. */
  readonly text: string;
  /** Fingerprints of the keys whose signatures are good. */
  readonly signers: readonly string[];
}

export interface VerifyJob {
  /** Content of an InRelease file. */
  readonly inRelease: Buffer;
  /** Path of the keyring, binary or ASCII-armoured. */
  readonly keyring: string;
  /** Where it came from, for messages. */
  readonly from: string;
  /** Folder for temporary files. */
  readonly scratch: string;
  readonly signal: AbortSignal;
}

const CLEAR_SIGNED = '-----BEGIN PGP SIGNED MESSAGE-----';

/** @throws MayflyError `archive.bad-signature`, `archive.no-keyring` */
export async function verifyInRelease(job: VerifyJob): Promise<SignedText> {
  // gpgv also unpacks a compressed message, before it looks at any signature: of a few kB any size comes.
  if (!job.inRelease.toString('latin1', 0, CLEAR_SIGNED.length).startsWith(CLEAR_SIGNED))
    throw badSignature(job, 'It does not begin with its text, clear-signed.');
  await using scratch = await makeScratch(job.scratch, 0o700);
  const [signed, text, keyring] = ['InRelease', 'Release', 'keyring.gpg'].map((name) =>
    join(scratch.path, name),
  ) as [string, string, string];
  await writeFile(signed, job.inRelease);
  await writeFile(keyring, await readBinaryKeyring(job.keyring));
  await rm(text, { force: true });
  // A key of a later release may have signed too, which this keyring does not know: gpgv's own
  // exit code is a failure then, so its status lines decide.
  const { stdout } = await run('gpgv', ['--status-fd', '1', '--keyring', keyring, '--output', text, signed], {
    signal: job.signal,
    accept: [0, 1, 2],
    env: { GNUPGHOME: scratch.path },
  });
  const signers = goodSigners(stdout);
  if (signers.length === 0) throw badSignature(job, ...problemsIn(stdout));
  return { text: await readFile(text, 'utf8'), signers };
}

/**
 * Fingerprints of good signatures; none when a signature is bad, whatever the others are. Pure.
 * @param status gpgv's status lines (GnuPG's doc/DETAILS)
 */
export function goodSigners(status: string): readonly string[] {
  const lines = status
    .split('\n')
    .filter((line) => line.startsWith('[GNUPG:] '))
    .map((line) => line.slice('[GNUPG:] '.length).split(' '));
  if (lines.some(([word]) => word === 'BADSIG')) return [];
  // GOODSIG alone is for a valid key: EXPKEYSIG, EXPSIG and REVKEYSIG take its place otherwise.
  // VALIDSIG follows each of them, so the two are read as pairs.
  const signers: string[] = [];
  let isGood = false;
  for (const [word, value] of lines) {
    if (word === 'NEWSIG') isGood = false;
    if (word === 'GOODSIG') isGood = true;
    if (word === 'VALIDSIG' && isGood && value !== undefined) signers.push(value);
  }
  return signers;
}

const problemsIn = (status: string): readonly string[] =>
  status
    .split('\n')
    .filter((line) => /BADSIG|ERRSIG|NO_PUBKEY|EXPKEYSIG|REVKEYSIG|NODATA/.test(line))
    .map((line) => line.replace('[GNUPG:] ', 'gpgv: '));

function badSignature(job: VerifyJob, ...details: readonly string[]): MayflyError {
  return new MayflyError(
    'host',
    'archive.bad-signature',
    `The archive is not signed by the expected key. ${job.from}`,
    {
      details,
      hint: `Is ${job.keyring} the keyring of this archive (archive.origins in builder.yaml)? Is the package debian-archive-keyring of this host up to date?`,
    },
  );
}
