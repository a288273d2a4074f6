/** Where the identity provider sends browsers back to. */
import { Loader, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link, useRouter } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { returnFromProvider, sessionQuery } from "../api/session";
import { keptWayBack } from "../lib/wayBack";
import { FrontPage } from "../ui/FrontPage";

const route = getRouteApi("/sign-in/oidc");

export function ProviderPage() {
  const { state, code, error_description, error } = route.useSearch();
  const router = useRouter();
  const queries = useQueryClient();
  const returning = useMutation({
    mutationFn: returnFromProvider,
    onSuccess: (session) => {
      queries.clear();
      queries.setQueryData(sessionQuery.queryKey, session);
      router.history.replace(keptWayBack());
    },
  });
  // A code works once: development draws everything twice.
  const isAsked = useRef(false);
  const { mutate } = returning;
  useEffect(() => {
    if (!state || !code || isAsked.current) return;
    isAsked.current = true;
    mutate({ state, code });
  }, [state, code, mutate]);
  const refusal =
    returning.error?.message ??
    error_description ??
    error ??
    (state && code ? undefined : "The identity provider sent nothing to sign in with.");
  if (!refusal) {
    return (
      <FrontPage title="Signing you in">
        <Loader size="sm" aria-label="Asking the identity provider" />
      </FrontPage>
    );
  }
  return (
    <FrontPage title="You are not signed in">
      <Text role="alert">{refusal}</Text>
      <Link to="/sign-in">Try again</Link>
    </FrontPage>
  );
}
