/** A string of Ruby's, in which nothing is expanded. */
export function quoteRuby(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
