/** What an agent writes to give a command: `/name`, and what it is given. */

export interface Given {
  name: string;
  arguments: string[];
}

/** Returns the command that a text gives, if it does. */
export function commandIn(text: string, names: readonly string[]): Given | undefined {
  if (!text.startsWith("/")) return undefined;
  const written = text.slice(1);
  const begins = (name: string) =>
    written.toLocaleLowerCase().startsWith(name.toLocaleLowerCase()) &&
    /^(\s|$)/.test(written.slice(name.length));
  // A name may be the beginning of another one.
  const [name] = names.filter(begins).sort((a, b) => b.length - a.length);
  if (name === undefined) return undefined;
  const rest = written.slice(name.length).trim();
  return { name, arguments: rest === "" ? [] : rest.split(/\s+/) };
}
