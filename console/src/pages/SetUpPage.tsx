/** Choosing a password by a link that works once. */
import { Button, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link, useRouter } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { sessionQuery, setUp } from "../api/session";
import { FrontPage } from "../ui/FrontPage";

const PASSWORD_CHARS_MIN = 12;

const route = getRouteApi("/setup");

export function SetUpPage() {
  const { token } = route.useSearch();
  const router = useRouter();
  const queries = useQueryClient();
  const [name, setName] = useState("");
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const settingUp = useMutation({
    mutationFn: () =>
      setUp({ token: token ?? "", password, ...(name && { name }), ...(email && { email }) }),
    onSuccess: (session) => {
      queries.clear();
      queries.setQueryData(sessionQuery.queryKey, session);
      router.history.replace("/console/");
    },
  });
  if (!token) {
    return (
      <FrontPage title="This link is incomplete">
        <Text>Open the whole link that the server printed, or ask for a new one.</Text>
        <Link to="/sign-in">Sign in instead</Link>
      </FrontPage>
    );
  }
  const submit = (event: FormEvent) => {
    event.preventDefault();
    settingUp.mutate();
  };
  return (
    <FrontPage title="Choose how you sign in">
      <form onSubmit={submit}>
        <Stack>
          <TextInput
            label="Name"
            description="What colleagues see; leave it empty to keep what was set."
            autoComplete="name"
            autoFocus
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <TextInput
            label="E-mail"
            description="What you sign in with; leave it empty to keep what was set."
            type="email"
            autoComplete="username"
            value={email}
            onChange={(event) => setEmail(event.currentTarget.value)}
          />
          <PasswordInput
            label="Password"
            description={`At least ${PASSWORD_CHARS_MIN} characters; a sentence is easy to remember.`}
            autoComplete="new-password"
            required
            minLength={PASSWORD_CHARS_MIN}
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
            visibilityToggleButtonProps={{ "aria-label": "Show the password" }}
          />
          {settingUp.error && (
            <Text role="alert" c="var(--bad)">
              {settingUp.error.message}
            </Text>
          )}
          <Button type="submit" loading={settingUp.isPending}>
            Save and sign in
          </Button>
        </Stack>
      </form>
    </FrontPage>
  );
}
