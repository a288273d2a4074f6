/** The frame of a page for somebody who is not signed in. */
import { Paper, Stack, Title } from "@mantine/core";
import type { ReactNode } from "react";
import { Mark } from "./Mark";

export function FrontPage({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Stack component="main" align="center" pt="12vh" px="md" gap="lg">
      <Mark size={40} />
      <Title order={1}>{title}</Title>
      <Paper withBorder p="lg" w="100%" maw={380}>
        <Stack>{children}</Stack>
      </Paper>
    </Stack>
  );
}
