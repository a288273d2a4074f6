// Keeps who helped a consumer last, when a conversation has ended: the record that routes the
// consumer back. Deploy it for the event `controllerbot_messaging_conversation_end`.
//
// LAST_AGENT_NAMESPACE: the context namespace, `last_agent` unless given.
// LAST_AGENT_TTL_SECONDS: how long the record lives; unless given, as long as the namespace says.
const { Toolbelt } = require("lp-faas-toolbelt");

async function lambda(input, callback) {
  try {
    const { general, end, ours = {} } = input.payload;
    const history = Toolbelt.ConversationUtil();
    const conversation = await history.getConversationById(general.convId);
    const consumerId = ours.consumerId ?? consumerOf(conversation);
    // Nobody can be led back who is not known.
    if (!consumerId || ours.consumerAuthenticated === false) {
      return callback(null, { stored: false });
    }
    const namespace = process.env.LAST_AGENT_NAMESPACE || "last_agent";
    const context = Toolbelt.ContextServiceClient({ accountId: ours.accountId });
    const ttl = Number(process.env.LAST_AGENT_TTL_SECONDS);
    if (ttl > 0) {
      await context.createNamespace(namespace, { ttl });
    }
    const kept = await context.getAllPropertiesInSession(namespace, consumerId);
    const record = recordOf(general, end, ours, conversation);
    // The same event twice, or an older one late, changes nothing.
    if (kept.closedAt === undefined || kept.closedAt < record.closedAt) {
      await context.setPropertiesInNamespace(namespace, record, consumerId);
    }
    callback(null, { stored: true });
  } catch (error) {
    callback(error, null);
  }
}

function consumerOf(conversation) {
  const [consumer] = conversation?.consumerParticipants ?? [];
  return consumer?.participantId;
}

function recordOf(general, end, ours, conversation) {
  const info = conversation?.info ?? {};
  const agentId = text(ours.latestAgentId ?? info.latestAgentId);
  const agents = conversation?.agentParticipants ?? [];
  const agent = agents.find((one) => one.agentId === agentId);
  // A survey may follow the matter itself.
  const main = conversation?.dialogs?.find((one) => one.dialogType === "MAIN");
  const intent = conversation?.uniqueIntents?.at(-1);
  return {
    schema: 1,
    conversationId: general.convId,
    closedAt: main?.endTimeL ?? ours.endTs ?? general.serverTimestamp,
    closeReason: end?.closeReason ?? "SYSTEM",
    latestSkillId: text(ours.latestSkillId ?? info.latestSkillId),
    latestSkillName: info.latestSkillName ?? null,
    latestAgentId: agentId,
    latestAgentName: agent?.agentNickname ?? info.latestAgentFullName ?? null,
    agentType: agent?.userTypeName?.toUpperCase() ?? "NONE",
    mcs: ours.mcs ?? info.mcs ?? null,
    intentId: intent?.intentId ?? null,
    intentName: intent?.intentName ?? null,
    channel: info.source ?? null,
  };
}

function text(id) {
  return id === undefined || id === null ? null : String(id);
}
