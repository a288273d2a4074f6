import { expect, test } from "vitest";
import { obstacleLine, roughly } from "./conversation";

const NOBODY = { isOpen: true, reachable: 0, excluded: {} };
const name = (id: string) => id.toUpperCase();

test("one line says why a conversation waits, the strongest reason first", () => {
  const said = (obstacles: Partial<Parameters<typeof obstacleLine>[0]>) =>
    obstacleLine({ ...NOBODY, ...obstacles }, name);
  expect(said({})).toBe("Nobody has the skill.");
  expect(said({ excluded: { AT_CAPACITY: 3 } })).toBe("All 3 agents are full.");
  expect(said({ excluded: { OFFLINE: 1 } })).toBe("The only agent is offline.");
  expect(said({ excluded: { AWAY: 1, AT_CAPACITY: 2 } })).toBe("Of 3 agents 2 full, 1 away.");
  expect(said({ isOpen: false, excluded: { AWAY: 1 } })).toBe(
    "The skill is closed or switched off.",
  );
  expect(said({ suggestedAgentId: "ada", reachable: 2 })).toBe("It is kept for ADA.");
});

test("a guess is as round as it is uncertain", () => {
  expect(roughly(2)).toBe("5 seconds");
  expect(roughly(43)).toBe("45 seconds");
  expect(roughly(200)).toBe("3 minutes");
  expect(roughly(5_000)).toBe("1 hour 30 minutes");
});
