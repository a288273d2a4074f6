/** What went wrong, what was kept, what to do. */
import { Alert, Button, Code, Group, Stack, Text, Title } from "@mantine/core";
import { IconAlertTriangle, IconRefresh } from "@tabler/icons-react";
import { useQueryErrorResetBoundary } from "@tanstack/react-query";
import { type ErrorComponentProps, Link, useRouter } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Failure } from "../api/client";

/** An error in the place of what could not be shown, with a way to try again. */
export function FailureNote({ error, retry }: { error: unknown; retry?: () => void }) {
  const failure = error instanceof Failure ? error : undefined;
  const title =
    failure?.problem?.title ?? (failure ? "The server cannot be reached" : "This page has a fault");
  return (
    <Alert
      color="red"
      variant="light"
      icon={<IconAlertTriangle size={18} />}
      title={title}
      role="alert"
    >
      <Stack gap="xs" align="flex-start">
        <Text size="md">{error instanceof Error ? error.message : "Nobody knows why."}</Text>
        {failure?.problem && (
          <Text size="xs" className="quiet">
            {failure.problem.code} · request <Code>{failure.problem.requestId}</Code>
          </Text>
        )}
        {retry && (
          <Button
            size="xs"
            variant="default"
            leftSection={<IconRefresh size={14} />}
            onClick={retry}
          >
            Try again
          </Button>
        )}
      </Stack>
    </Alert>
  );
}

/** A page that could not be shown. */
export function PageFailure({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  const boundary = useQueryErrorResetBoundary();
  const retry = () => {
    boundary.reset();
    reset();
    void router.invalidate();
  };
  return (
    <Stack p="lg" maw={720}>
      <FailureNote error={error} retry={retry} />
    </Stack>
  );
}

export function NotFound() {
  return (
    <Empty title="There is nothing at this address" icon={<IconAlertTriangle size={28} />}>
      <Text className="quiet">It may have been removed, or the link is incomplete.</Text>
      <Button component={Link} to="/policies" variant="default">
        Go to policies
      </Button>
    </Empty>
  );
}

/** A place with nothing in it yet, and what to do about it. */
export function Empty(props: { title: string; icon?: ReactNode; children?: ReactNode }) {
  return (
    <Stack align="center" justify="center" gap="sm" py={64} px="md" ta="center">
      <Group className="quiet">{props.icon}</Group>
      <Title order={2}>{props.title}</Title>
      {props.children}
    </Stack>
  );
}
