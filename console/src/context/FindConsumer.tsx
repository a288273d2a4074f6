/** Leads to everything that is kept of a consumer. */
import { Button, Group, TextInput } from "@mantine/core";
import { IconUserSearch } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";

export function FindConsumer() {
  const [typed, setTyped] = useState("");
  const navigate = useNavigate();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const consumerId = typed.trim();
    if (consumerId !== "") void navigate({ to: "/consumers/$consumerId", params: { consumerId } });
  };
  return (
    <form onSubmit={submit}>
      <Group gap="xs" wrap="nowrap">
        <TextInput
          w={260}
          aria-label="Consumer"
          placeholder="Consumer id"
          leftSection={<IconUserSearch size={16} />}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
        <Button type="submit" variant="default">
          Find the consumer
        </Button>
      </Group>
    </form>
  );
}
