/** What an edit of the list would change, or has changed, in words. */
import { queryOptions } from "@tanstack/react-query";
import { api, body, type Schemas } from "../api/client";
import { number } from "../lib/format";

export type Preview = Schemas["PolicyPreview"];
export type Move = Schemas["PolicyMove"];
type Edit = Schemas["PolicyEdit"];

export async function preview(edit: Edit): Promise<Preview> {
  return body(await api.POST("/api/v1/policies/preview", { body: edit }));
}

export const previewQuery = (edit: Edit) =>
  queryOptions({
    queryKey: ["policies", "preview", edit],
    queryFn: () => preview(edit),
  });

/** How many decisions go elsewhere. */
export function movedIn({ moves }: Preview): number {
  return moves.reduce((sum, move) => sum + move.decisions, 0);
}

/** Says how many of the last decisions an edit sends elsewhere. */
export function inWords(preview: Preview): string {
  const moved = movedIn(preview);
  const last = `the last ${number(preview.decisions)} decisions`;
  if (preview.decisions === 0) return "nobody knows yet: no decision has been made";
  if (preview.decisions === 1) {
    return `the last decision would go ${moved === 0 ? "the same way" : "elsewhere"}`;
  }
  return moved === 0
    ? `none of ${last} would go elsewhere`
    : `${number(moved)} of ${last} would go elsewhere`;
}

/** Says of how many decisions that cannot be told, and why. */
export function unknownInWords({ unknown }: Preview): string | undefined {
  if (unknown === 0) return undefined;
  return `Of ${number(unknown)} nobody can tell: what the policies read now was not asked for then.`;
}

/** Says from where to where decisions go. */
export function wayOf({ from, to }: Move): string {
  if (from && to && from.id === to.id) return `“${from.name}” decides, and does something else`;
  const source = from ? `“${from.name}”` : "nothing matched";
  return `${source} → ${to ? `“${to.name}”` : "nothing matches"}`;
}

/** Returns what has changed, from what taking it back would. */
export function turned(preview: Preview): Preview {
  const moves = preview.moves.map((move) => ({ ...move, from: move.to, to: move.from }));
  return { ...preview, moves };
}
