/** Addresses in what people write. */

export interface Part {
  text: string;
  /** Where it leads, if it is an address. */
  address: string | undefined;
}

const ADDRESS = /\bhttps?:\/\/[^\s<>"']+/gi;
/** What ends a sentence rather than an address. */
const TAIL = /[.,;:!?)\]}]+$/;

/** Splits a text into addresses of the web and what stands between them. */
export function partsOf(text: string): Part[] {
  const parts: Part[] = [];
  let end = 0;
  for (const { 0: found, index } of text.matchAll(ADDRESS)) {
    const address = found.replace(TAIL, "");
    if (!URL.canParse(address)) continue;
    if (index > end) parts.push({ text: text.slice(end, index), address: undefined });
    parts.push({ text: address, address });
    end = index + address.length;
  }
  if (end < text.length) parts.push({ text: text.slice(end), address: undefined });
  return parts;
}
