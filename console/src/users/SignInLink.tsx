/** A link with which somebody comes in and chooses a password: shown once. */
import { Alert, Code, Stack, Text } from "@mantine/core";
import { IconLink } from "@tabler/icons-react";
import { CopyButton } from "../ui/CopyButton";
import { Part } from "../ui/Pane";
import { ReasonedButton } from "../ui/ReasonedButton";
import { When } from "../ui/When";
import { useSignInLink } from "./changes";
import { useUserRefusal } from "./refusal";
import classes from "./Users.module.css";
import type { User } from "./user";

export function SignInLink({ user }: { user: User }) {
  const link = useSignInLink();
  const refusal = useUserRefusal(user.role);
  const reason = refusal ?? (user.isEnabled === false ? "They are switched off." : undefined);
  return (
    <Part
      title="Signing in"
      hint="A link lets them choose a password, or another if they forgot theirs."
    >
      {link.error && (
        <Alert color="red" variant="light" title="No link was made" role="alert">
          {link.error.message}
        </Alert>
      )}
      {link.data ? (
        <Stack gap={6} role="status">
          <div className={classes.link}>
            <Code block>{location.origin + link.data.path}</Code>
            <CopyButton value={location.origin + link.data.path} what="the link" />
          </div>
          <Text size="sm" className="quiet">
            It is shown this once and works once, until it ends <When at={link.data.expiresAt} />.
            Whoever has it is {user.name}.
          </Text>
        </Stack>
      ) : (
        <div>
          <ReasonedButton
            size="xs"
            variant="default"
            leftSection={<IconLink size={15} />}
            reason={reason}
            loading={link.isPending}
            onClick={() => link.mutate(user.id ?? "")}
          >
            Make a sign-in link
          </ReasonedButton>
        </div>
      )}
    </Part>
  );
}
