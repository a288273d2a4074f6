/** What is wrong with a policy while it is written. */
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { api, body } from "../api/client";
import type { JsonObject } from "../lib/json";
import { asWritten } from "./document";
import type { Problem } from "./problems";

/** Milliseconds of quiet before what is typed is checked. */
const PAUSE = 200;

const NO_PROBLEMS: readonly Problem[] = [];

/** Returns what is wrong with a draft; while it is asked, what was wrong before. */
export function useProblems(draft: JsonObject): readonly Problem[] {
  const [settled] = useDebouncedValue(draft, PAUSE);
  const check = useQuery({
    queryKey: ["policies", "check", settled],
    queryFn: async () =>
      body(await api.POST("/api/v1/policies/check", { body: asWritten(settled) })),
    placeholderData: keepPreviousData,
    staleTime: 30_000,
  });
  return check.data?.problems ?? NO_PROBLEMS;
}
