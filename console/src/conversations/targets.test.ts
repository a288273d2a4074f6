import { expect, test } from "vitest";
import type { Schemas } from "../api/client";
import type { Agent } from "../users/agent";
import { agentTargets, skillTargets } from "./targets";

const from = { skillId: "bills", agentId: "me" };

function agent(id: string, members: Partial<Agent>): Agent {
  return {
    id,
    name: id,
    kind: "HUMAN",
    isEnabled: true,
    status: "ONLINE",
    assigned: 1,
    ringing: 0,
    loadPercent: 25,
    slots: 4,
    skills: [{ id: "bills", name: "Bills" }],
    active: 1,
    isConnected: true,
    statusSince: "2026-05-04T10:00:00Z",
    ...members,
  };
}

const queue = (skillId: string, members: Partial<Schemas["Queue"]>): Schemas["Queue"] => ({
  skillId,
  name: skillId,
  isEnabled: true,
  isOpen: true,
  waiting: 0,
  ringing: 0,
  agentsOnline: 1,
  freeSlots: 3,
  ...members,
});

test("who has the skill, is there and has room comes first", () => {
  const agents = [
    agent("stranger", { skills: [] }),
    agent("away", { status: "AWAY" }),
    agent("busy", { loadPercent: 75 }),
    agent("free", { loadPercent: 0 }),
    agent("me", {}),
  ];
  const names = agentTargets(agents, from, "supervisor").map(({ name }) => name);
  expect(names).toEqual(["free", "busy", "away", "stranger"]);
});

test("an agent passes on to nobody who would not get it, a supervisor may", () => {
  const agents = [agent("full", { loadPercent: 100 }), agent("gone", { status: "OFFLINE" })];
  const reasons = (by: "agent" | "supervisor") =>
    agentTargets(agents, from, by).map(({ reason }) => reason);
  expect(reasons("agent")).toEqual(["full is full.", "gone is not there."]);
  expect(reasons("supervisor")).toEqual([undefined, undefined]);
});

test("a skill says who waits there and who is there, and the one it is in is left out", () => {
  const queues = [
    queue("bills", {}),
    queue("Desk 10", { isOpen: false, waiting: 2, agentsOnline: 0 }),
    queue("Desk 2", {}),
  ];
  expect(skillTargets(queues, from)).toMatchObject([
    { name: "Desk 2", state: "0 waiting · 1 agent online", isFree: true },
    { name: "Desk 10", state: "closed now · 2 waiting · nobody online", isFree: false },
  ]);
});
