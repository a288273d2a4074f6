/** Signing in with e-mail and password, or at the identity provider. */
import { Button, Divider, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, useRouter } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { departToProvider, providerQuery, sessionQuery, signIn } from "../api/session";
import { keepWayBack, wayBack } from "../lib/wayBack";
import { FrontPage } from "../ui/FrontPage";

const route = getRouteApi("/sign-in");

export function SignInPage() {
  const { to } = route.useSearch();
  const router = useRouter();
  const queries = useQueryClient();
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [account, setAccount] = useState("");
  const signingIn = useMutation({
    mutationFn: () => signIn(account ? { account, email, password } : { email, password }),
    onSuccess: (session) => {
      queries.clear();
      queries.setQueryData(sessionQuery.queryKey, session);
      router.history.push(wayBack(to));
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    signingIn.mutate();
  };
  return (
    <FrontPage title="Sign in to Usher">
      <Provider to={to} />
      <form onSubmit={submit}>
        <Stack>
          <TextInput
            label="E-mail"
            type="email"
            autoComplete="username"
            required
            autoFocus
            value={email}
            onChange={(event) => setEmail(event.currentTarget.value)}
          />
          <PasswordInput
            label="Password"
            autoComplete="current-password"
            required
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
            visibilityToggleButtonProps={{ "aria-label": "Show the password" }}
          />
          <TextInput
            label="Account"
            description="Only where the server has several."
            autoComplete="organization"
            value={account}
            onChange={(event) => setAccount(event.currentTarget.value.trim())}
          />
          {signingIn.error && (
            <Text role="alert" c="var(--bad)">
              {signingIn.error.message}
            </Text>
          )}
          <Button type="submit" loading={signingIn.isPending}>
            Sign in
          </Button>
          <Text size="xs" className="quiet">
            A forgotten password: an administrator makes a new link under Users, or on the server
            with <span className="code">usher user link</span>.
          </Text>
        </Stack>
      </form>
    </FrontPage>
  );
}

/** The way by the identity provider, if the server has one. */
function Provider({ to }: { to: string | undefined }) {
  const { data: provider } = useQuery(providerQuery);
  const departing = useMutation({
    mutationFn: departToProvider,
    onSuccess: (url) => {
      keepWayBack(to);
      window.location.assign(url);
    },
  });
  if (!provider?.name) return null;
  return (
    <>
      <Button
        variant="default"
        loading={departing.isPending || departing.isSuccess}
        onClick={() => departing.mutate()}
      >
        Sign in with {provider.name}
      </Button>
      {departing.error && (
        <Text role="alert" c="var(--bad)">
          {departing.error.message}
        </Text>
      )}
      <Divider label="or with a password" />
    </>
  );
}
