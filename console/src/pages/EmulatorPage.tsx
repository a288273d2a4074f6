/** The emulator: talk as a visitor on the left, and see on the right what the policies decide. */
import { json } from "@codemirror/lang-json";
import { Alert, NativeSelect, Select, Stack, Text, Title } from "@mantine/core";
import { IconPlayerPlay } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { engagementsQuery, skillsQuery } from "../api/queries";
import { Decisions } from "../emulator/Decisions";
import { CHANNELS, PRESETS, parsed, visit } from "../emulator/visit";
import { useRefusal, useSession } from "../lib/permissions";
import type { Heard, Told } from "../messenger/frame";
import { Code } from "../ui/Code";
import { Empty } from "../ui/Failures";
import { ReasonedButton } from "../ui/ReasonedButton";
import classes from "./EmulatorPage.module.css";

const route = getRouteApi("/shell/emulator");
const LANGUAGE = json();
const NOBODY = PRESETS["new"] ?? { name: "", channel: "WEB", sdes: {}, context: {} };

function text(value: object): string {
  return JSON.stringify(value, null, 2);
}

export function EmulatorPage() {
  const { skill, engagement, conversation, preset = "new" } = route.useSearch();
  const { account } = useSession();
  const address = new URLSearchParams({
    account,
    ...(engagement ? { engagement } : skill && { skill }),
    mode: "emulator",
  });
  return (
    <div className={classes.page}>
      <section className={classes.set} aria-label="Visitor">
        <Title order={1}>Emulator</Title>
        <Text size="sm" className="quiet">
          You write as a visitor. The conversation is a real one: whoever works in the skill gets
          it.
        </Text>
        <Visit key={preset} address={`/messenger?${address}`} />
      </section>
      <section className={classes.decisions} aria-label="What is decided">
        {conversation ? (
          <Decisions conversationId={conversation} />
        ) : (
          <Empty title="Nobody has written yet">
            <Text className="quiet" maw={420}>
              Choose where the visitor comes in and who they are, start the visit, and write: each
              decision stands here with its reasons as it is made.
            </Text>
          </Empty>
        )}
      </section>
    </div>
  );
}

function Visit({ address }: { address: string }) {
  const { skill, engagement, preset = "new" } = route.useSearch();
  const navigate = useNavigate({ from: "/emulator" });
  const { account } = useSession();
  const refusal = useRefusal("ContextWrite");
  const chosen = PRESETS[preset] ?? NOBODY;
  const [channel, setChannel] = useState(chosen.channel);
  const [sdes, setSdes] = useState(text(chosen.sdes));
  const [context, setContext] = useState(text(chosen.context));
  const [known, facts] = [parsed(sdes), parsed(context)];
  const frame = useRef<HTMLIFrameElement>(null);
  const start = useMutation({
    mutationFn: () => visit(account, { channel, sdes: known ?? {}, context: facts ?? {} }),
    onSuccess: (beginning) => {
      const heard: Heard = { usher: "BEGIN", beginning };
      frame.current?.contentWindow?.postMessage(heard, location.origin);
      void navigate({ search: ({ conversation: _, ...others }) => others, replace: true });
    },
  });
  useEffect(() => {
    const listen = ({ source, origin, data }: MessageEvent<Told>) => {
      const isOurs = source === frame.current?.contentWindow && origin === location.origin;
      if (!isOurs || data.usher !== "CONVERSATION") return;
      const { conversationId: conversation } = data;
      void navigate({ search: (search) => ({ ...search, conversation }), replace: true });
    };
    window.addEventListener("message", listen);
    return () => window.removeEventListener("message", listen);
  }, [navigate]);
  const hasContext = facts !== undefined && Object.keys(facts).length > 0;
  const reason =
    known && facts
      ? hasContext
        ? refusal
        : undefined
      : "Expected JSON: { group: { name: value } }.";
  return (
    <div className={classes.visit}>
      <Stack gap="sm">
        <EntrySelect skill={skill} engagement={engagement} />
        <div className={classes.two}>
          <NativeSelect
            label="Who visits"
            value={preset}
            data={Object.entries(PRESETS).map(([value, { name }]) => ({ value, label: name }))}
            onChange={(event) => {
              const wanted = event.currentTarget.value;
              void navigate({ search: (search) => ({ ...search, preset: wanted }), replace: true });
            }}
          />
          <NativeSelect
            label="Channel"
            value={channel}
            data={[...CHANNELS]}
            onChange={(event) =>
              setChannel(CHANNELS.find((one) => one === event.currentTarget.value) ?? channel)
            }
          />
        </div>
        <Typed label="Engagement attributes" value={sdes} onChange={setSdes} />
        <Typed label="Context" value={context} onChange={setContext} />
        {start.error && (
          <Alert color="red" variant="light" title="The visit did not start">
            {start.error.message}
          </Alert>
        )}
        <ReasonedButton
          reason={reason}
          loading={start.isPending}
          leftSection={<IconPlayerPlay size={15} />}
          onClick={() => start.mutate()}
        >
          Start the visit
        </ReasonedButton>
      </Stack>
      <iframe key={address} ref={frame} className={classes.frame} title="Messenger" src={address} />
    </div>
  );
}

interface TypedProps {
  label: string;
  value: string;
  onChange: (text: string) => void;
}

function Typed({ label, value, onChange }: TypedProps) {
  return (
    <div>
      <Text size="sm" fw={500}>
        {label}
      </Text>
      <Code label={`${label} as JSON`} value={value} language={LANGUAGE} onChange={onChange} />
    </div>
  );
}

/** Where the visitor comes in: at an engagement or, without one, in a skill. */
function EntrySelect(props: { skill: string | undefined; engagement: string | undefined }) {
  const navigate = useNavigate({ from: "/emulator" });
  const skills = useQuery(skillsQuery).data ?? [];
  const engagements = useQuery(engagementsQuery).data ?? [];
  const groups = [
    {
      group: "Engagements",
      items: engagements.map(({ id, name }) => ({ value: `engagement:${id}`, label: name })),
    },
    {
      group: "Skills",
      items: skills.map(({ id, name }) => ({ value: `skill:${id}`, label: name })),
    },
  ];
  const { skill, engagement } = props;
  const value = engagement ? `engagement:${engagement}` : skill ? `skill:${skill}` : null;
  return (
    <Select
      label="Where they come in"
      placeholder="As the account says"
      searchable
      clearable
      clearButtonProps={{ "aria-label": "As the account says" }}
      data={groups}
      value={value}
      onChange={(wanted) => {
        const [kind, id] = wanted?.split(/:(.*)/s) ?? [];
        void navigate({
          search: ({ skill: _, engagement: __, conversation: ___, ...others }) => ({
            ...others,
            ...(kind === "skill" && id && { skill: id }),
            ...(kind === "engagement" && id && { engagement: id }),
          }),
          replace: true,
        });
      }}
    />
  );
}
