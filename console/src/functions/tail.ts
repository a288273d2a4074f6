/** Follows a function's log: what it writes is put before what was read, as it is written. */
import { type InfiniteData, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { api, body, type Schemas } from "../api/client";
import { functionLogsQuery, type LogFilter, queryOf } from "../api/functions";

type Page = Schemas["Page_FunctionLogEntry"];
type Log = InfiniteData<Page, string>;

/** How long the server keeps a question that nothing answers. */
const WAIT_SECONDS = 25;
const RETRY_MS = 3_000;
/** Entries that are read again from the first when more have come. */
const ENTRIES_MAX = 1_000;

/** Follows for as long as it is wanted, by a filter that stays the same object; returns why it does not at the moment, if it does not. */
export function useTail(functionId: string, filter: LogFilter, isOn: boolean): Error | undefined {
  const queries = useQueryClient();
  const [failure, setFailure] = useState<Error>();
  useEffect(() => {
    if (!isOn) return;
    const end = new AbortController();
    const { signal } = end;
    const { queryKey } = functionLogsQuery(functionId, filter);
    const ask = async (after: { cursor: string; wait: number } | undefined) => {
      const params = { path: { functionId }, query: { ...queryOf(filter), ...after } };
      return body(await api.GET("/api/v1/functions/{functionId}/logs/tail", { params, signal }));
    };
    const follow = async () => {
      // What is written between the two is in both, and shown once.
      let { nextCursor: cursor } = await ask(undefined);
      await queries.invalidateQueries({ queryKey });
      while (!signal.aborted) {
        const came = await ask({ cursor, wait: WAIT_SECONDS });
        cursor = came.nextCursor;
        if (came.items.length === 0) continue;
        queries.setQueryData<Log>(queryKey, (read) => before(came, read));
        const first = queries.getQueryData(queryKey)?.pages[0];
        if (first && first.items.length > ENTRIES_MAX) await queries.resetQueries({ queryKey });
      }
    };
    const goOn = () => {
      follow().catch((error: unknown) => {
        if (signal.aborted) return;
        setFailure(error instanceof Error ? error : new Error("Nobody knows why."));
        timer = setTimeout(() => {
          setFailure(undefined);
          goOn();
        }, RETRY_MS);
      });
    };
    let timer: ReturnType<typeof setTimeout> | undefined;
    goOn();
    return () => {
      end.abort();
      clearTimeout(timer);
      setFailure(undefined);
    };
  }, [functionId, filter, isOn, queries]);
  return failure;
}

/** Puts what came, the first first, before what was read, the newest first. */
export function before(came: Pick<Page, "items">, read: Log | undefined): Log | undefined {
  const [first, ...others] = read?.pages ?? [];
  if (!read || !first) return read;
  const known = new Set(read.pages.flatMap(({ items }) => items.map(({ id }) => id)));
  const fresh = came.items.filter(({ id }) => !known.has(id)).reverse();
  return { ...read, pages: [{ ...first, items: [...fresh, ...first.items] }, ...others] };
}
