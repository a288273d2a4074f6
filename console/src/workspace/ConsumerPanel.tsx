/** Whom the agent talks with: the last contact on top, then what is known. */
import { useQuery } from "@tanstack/react-query";
import { type Conversation, contextQuery } from "../api/queries";
import { isJson, isObject, type JsonObject, shown } from "../lib/json";
import { When } from "../ui/When";
import { Fact, Facts, Part } from "./Facts";
import { LastContact } from "./LastContact";
import { consumerOf, useNames } from "./words";

export function ConsumerPanel({ conversation }: { conversation: Conversation }) {
  const names = useNames();
  const collected = useQuery(contextQuery("orchestrator", conversation.id)).data;
  const who = consumerOf(conversation);
  const attributes = asObject(conversation.attributes);
  return (
    <>
      <LastContact conversation={conversation} />
      <Part title="Customer">
        <Facts>
          {who !== conversation.consumerId && <Fact name="Name">{who}</Fact>}
          <Fact name="Id">
            <span className="code">{conversation.consumerId}</span>
          </Fact>
          <Fact name="Signed in">{conversation.isAuthenticated ? "yes" : "no"}</Fact>
          <Fact name="Writes by">{conversation.channel ?? "unknown"}</Fact>
          <Fact name="Before">{conversation.isFirst ? "never here" : "was here before"}</Fact>
        </Facts>
      </Part>
      <Part title="Conversation">
        <Facts>
          <Fact name="Skill">{names.skill(conversation.skillId ?? "")}</Fact>
          <Fact name="Began">
            <When at={conversation.startedAt} />
          </Fact>
          <Fact name="Passed on">
            {conversation.transfers === 0
              ? "never"
              : conversation.transfers === 1
                ? "once"
                : `${conversation.transfers} times`}
          </Fact>
          {conversation.mcs !== null && conversation.mcs !== undefined && (
            <Fact name="Sounds">{conversation.mcs} of 100</Fact>
          )}
        </Facts>
      </Part>
      <Known title="What the bot learned" known={asObject(collected)} />
      <Known title="What came along" known={attributes} />
    </>
  );
}

function asObject(value: unknown): JsonObject {
  return isJson(value) && isObject(value) ? value : {};
}

function Known({ title, known }: { title: string; known: JsonObject }) {
  const entries = Object.entries(known);
  if (entries.length === 0) return null;
  return (
    <Part title={title}>
      <Facts>
        {entries.map(([name, value]) => (
          <Fact key={name} name={name}>
            {shown(value)}
          </Fact>
        ))}
      </Facts>
    </Part>
  );
}
