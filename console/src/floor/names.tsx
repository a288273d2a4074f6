/** The names behind ids, as links to what they name. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useMemo } from "react";
import { agentsQuery, policiesQuery, skillsQuery } from "../api/queries";

/** Says what people call things, whose id stands where they are not known. */
export interface Names {
  agent: (agentId: string) => ReactNode;
  skill: (skillId: string) => ReactNode;
  /** An agent, or whoever else takes part. */
  participant: (id: string) => ReactNode;
  policy: (policyId: string) => ReactNode;
}

export function useNames(): Names {
  const skills = useQuery(skillsQuery).data;
  const agents = useQuery(agentsQuery).data;
  const policies = useQuery(policiesQuery).data;
  return useMemo(() => {
    const skillNames = new Map(skills?.map((skill) => [skill.id ?? "", skill.name]));
    const known = new Map(agents?.map((agent) => [agent.id, agent]));
    const policyNames = new Map(policies?.map((policy) => [policy.id, policy.name]));
    const agent = (agentId: string) => {
      const found = known.get(agentId);
      if (!found) return agentId;
      return (
        <Link
          to={found.kind === "BOT" ? "/bots/$userId" : "/users/$userId"}
          params={{ userId: agentId }}
          className="anchor"
        >
          {found.name}
        </Link>
      );
    };
    return {
      agent,
      participant: agent,
      skill: (skillId) => {
        const name = skillNames.get(skillId);
        if (name === undefined) return skillId;
        return (
          <Link to="/skills/$skillId" params={{ skillId }} className="anchor">
            {name}
          </Link>
        );
      },
      policy: (policyId) => {
        const name = policyNames.get(policyId);
        if (name === undefined) return policyId;
        return (
          <Link to="/policies/$policyId" params={{ policyId }} className="anchor">
            {name}
          </Link>
        );
      },
    };
  }, [skills, agents, policies]);
}
/** Returns what people call a skill; its id if it is gone or not known yet. */
export function useSkillName(): (skillId: string) => string {
  const skills = useQuery(skillsQuery).data;
  return useMemo(() => {
    const names = new Map(skills?.map((skill) => [skill.id ?? "", skill.name]));
    return (skillId) => names.get(skillId) ?? skillId;
  }, [skills]);
}

/** Returns what people call an agent; the id if they are gone or not known yet. */
export function useAgentName(): (agentId: string) => string {
  const agents = useQuery(agentsQuery).data;
  return useMemo(() => {
    const names = new Map(agents?.map((agent) => [agent.id, agent.name]));
    return (agentId) => names.get(agentId) ?? agentId;
  }, [agents]);
}
