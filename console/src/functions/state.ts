/** Where a function is in its life, in words. */
import type { UsherFunction } from "../api/functions";
import type { Tone } from "../ui/Tag";

/** What stands beside the source, as the address names it. */
export const FUNCTION_TABS = ["run", "settings", "logs", "usage", "versions"] as const;

type State = UsherFunction["state"];

export const STATE_NAMES: Record<State, string> = {
  DRAFT: "draft",
  PRODUCTIVE: "runs",
  MODIFIED: "runs, changed since",
  BUILD_ERROR: "cannot be built",
};

export const STATE_TONES: Record<State, Tone> = {
  DRAFT: "quiet",
  PRODUCTIVE: "good",
  MODIFIED: "warn",
  BUILD_ERROR: "bad",
};

/** Says what runs, and how it differs from what is written. */
export function stateInWords(it: UsherFunction): string {
  const runs = it.deployedVersion == null ? "nothing runs" : `version ${it.deployedVersion} runs`;
  switch (it.state) {
    case "DRAFT":
      return "It is a draft: nothing runs until you deploy it.";
    case "PRODUCTIVE":
      return `Version ${it.deployedVersion} runs, as it is written here.`;
    case "MODIFIED":
      return `Version ${it.deployedVersion} runs; what is written here is not deployed.`;
    case "BUILD_ERROR":
      return `The last deployment failed; ${runs}${it.deployedVersion == null ? "" : " on"}.`;
  }
}
