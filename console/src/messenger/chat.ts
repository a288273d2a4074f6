/** One visitor's conversation: who they are, what was said, where it stands, and what is unsent. */
import { Failure } from "../api/client";
import { isObject, type JsonObject, textOf } from "../lib/json";
import { Connection } from "../live/connection";
import { type Happened, numberOf, type Signal } from "../live/frames";
import { type Beginning, type Known, type Look, PLAIN, tell } from "./frame";
import type { Memory } from "./memory";
import { Outbox, type Outgoing } from "./outbox";
import type { Conversation, Service } from "./service";
import { EMPTY, type Story, unreadAfter, withEvent } from "./story";

/** Where a conversation stands. */
export type Stage = "NEW" | "WAITING" | "ANSWERED" | "SURVEY" | "OVER";

export interface Place {
  ahead: number;
  isAtLeast: boolean;
  /** How long it will probably take. */
  likelySeconds: number | undefined;
}

/** All that is shown. */
export interface View {
  look: Look;
  stage: Stage;
  story: Story;
  outgoing: readonly Outgoing[];
  /** Who answers, and whether that is a program. */
  answering: { id: string; nickname: string; isBot: boolean } | undefined;
  nicknames: ReadonlyMap<string, string>;
  place: Place | undefined;
  isTyping: boolean;
  isConnected: boolean;
  unread: number;
  csat: number | undefined;
  /** Why nothing can be shown. */
  failure: Failure | undefined;
  isReady: boolean;
}

const TYPING_EVERY_MS = 3_000;
const READ_AGAIN_MS = 2_000;
/** A token is not used in the last minute of its life. */
const SPARE_MS = 60_000;

interface Who {
  consumerId: string;
  isIdentified: boolean;
}

export class Chat {
  readonly #service: Service;
  readonly #memory: Memory;
  readonly #outbox: Outbox;
  readonly #watchers = new Set<() => void>();
  #view: View = {
    look: PLAIN,
    stage: "NEW",
    story: EMPTY,
    outgoing: [],
    answering: undefined,
    nicknames: new Map(),
    place: undefined,
    isTyping: false,
    isConnected: true,
    unread: 0,
    csat: undefined,
    failure: undefined,
    isReady: false,
  };
  #who: Who | undefined;
  #known: Known | undefined;
  #channel: string | undefined;
  #identityToken: string | undefined;
  #conversation: Conversation | undefined;
  #conversationId: string | undefined;
  #connection: Connection | undefined;
  #seen = 0;
  #isVisible = false;
  #typedAt = 0;
  #typing: ReturnType<typeof setTimeout> | undefined;
  #looking: Promise<void> | undefined;
  #mustLookAgain = false;

  constructor(service: Service, memory: Memory) {
    this.#service = service;
    this.#memory = memory;
    this.#outbox = new Outbox({
      memory,
      deliver: async (message) => {
        await this.#introduce();
        if (this.#conversationId === undefined) {
          const opening = message.opening ?? this.#opening(message.clientMessageId, message.text);
          if (!message.opening) this.#outbox.opensWith(message.clientMessageId, opening);
          this.#follow(await service.open(message.clientMessageId, opening));
        } else {
          await service.say(this.#conversationId, message.clientMessageId, message.text);
        }
      },
      onChange: () => this.#show({ outgoing: this.#outbox.messages }),
      onStranger: () => void this.#estranged(),
    });
  }

  get view(): View {
    return this.#view;
  }

  get draft(): string {
    return this.#memory.draft;
  }

  set draft(text: string) {
    this.#memory.draft = text;
  }

  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** Shows how the messenger looks, and goes on with the conversation that this browser remembers. */
  async begin(): Promise<void> {
    this.#show({ failure: undefined });
    try {
      this.look(await this.#service.look());
    } catch (failure) {
      this.#show({ failure: asFailure(failure) });
      return;
    }
    const visitor = this.#memory.visitor;
    if (!this.#who && visitor && visitor.expiresAt > Date.now()) {
      this.#service.accessToken = visitor.accessToken;
      this.#who = { consumerId: visitor.consumerId, isIdentified: false };
    }
    this.#resume();
    this.#outbox.flush();
    this.#show({ isReady: true, outgoing: this.#outbox.messages });
    const hasConversation = this.#conversationId !== undefined;
    tell({ usher: "READY", look: this.#view.look, hasConversation });
  }

  look(look: Look): void {
    this.#show({ look });
  }

  /** Says what is known of the visitor, for the next conversation. */
  tell(known: Known): void {
    this.#known = known;
  }

  /** Goes on as somebody for whom a page of this server vouches, in a conversation of their own. */
  become(beginning: Beginning): void {
    this.#leave();
    this.#outbox.clear();
    this.#service.accessToken = beginning.accessToken;
    this.#who = { consumerId: beginning.consumerId, isIdentified: false };
    this.#channel = beginning.channel;
    this.#known = beginning.sdes;
    this.#show({ isReady: true });
  }

  /** Goes on as whom the brand's token names; an open conversation goes along. */
  async identify(identityToken: string): Promise<void> {
    try {
      const issued = await this.#service.token(identityToken);
      if (this.#conversationId && this.#who && !this.#who.isIdentified) {
        // One that is over stays with whom it was.
        await this.#service.identify(this.#conversationId, identityToken).catch(() => {});
      }
      this.#leave();
      this.#memory.visitor = undefined;
      this.#identityToken = identityToken;
      this.#service.accessToken = issued.accessToken;
      this.#who = { consumerId: issued.consumerId, isIdentified: true };
      const ongoing = await this.#service.ongoing();
      if (ongoing) this.#follow(ongoing);
      this.#outbox.flush();
    } catch (failure) {
      this.#show({ failure: asFailure(failure) });
    }
  }

  /** Forgets who it was: the next visitor at this browser is somebody else. */
  forget(): void {
    const consumer = this.#who?.consumerId;
    this.#leave();
    this.#outbox.clear();
    if (consumer) this.#memory.keepConversation(consumer, undefined);
    this.#memory.visitor = undefined;
    this.#memory.draft = "";
    this.#who = undefined;
    this.#known = undefined;
    this.#identityToken = undefined;
    this.#service.accessToken = undefined;
  }

  send(text: string): void {
    this.#outbox.add(text);
  }

  /** Takes back what the server refused; returns the text, to be written anew. */
  takeBack(clientMessageId: string): string {
    return this.#outbox.takeBack(clientMessageId);
  }

  type(): void {
    const now = Date.now();
    if (!this.#conversationId || now - this.#typedAt < TYPING_EVERY_MS) return;
    this.#typedAt = now;
    // That somebody types may be lost.
    const typing = { conversationId: this.#conversationId };
    this.#connection?.command("TYPING", typing).catch(() => {});
  }

  /** Whether the visitor sees the conversation now. */
  see(isVisible: boolean): void {
    this.#isVisible = isVisible;
    this.#mark();
  }

  async end(): Promise<void> {
    if (this.#conversation) this.#stand(await this.#service.end(this.#conversation));
  }

  async rate(csat: number): Promise<void> {
    if (this.#conversationId) this.#stand(await this.#service.rate(this.#conversationId, csat));
  }

  /** Leaves a conversation that is over; the next message opens another one. */
  again(): void {
    if (this.#who) this.#memory.keepConversation(this.#who.consumerId, undefined);
    this.#leave();
  }

  /** Takes over what another tab of this browser has begun. */
  adopt(): void {
    const visitor = this.#memory.visitor;
    if (this.#conversationId || !visitor || this.#who?.isIdentified) return;
    this.#service.accessToken = visitor.accessToken;
    this.#who = { consumerId: visitor.consumerId, isIdentified: false };
    this.#resume();
  }

  /** The network is back, or the page was woken: nothing waits any longer. */
  hurry(): void {
    if (this.#view.failure) void this.begin();
    this.#connection?.hurry();
    this.#outbox.flush();
  }

  interrupt(): void {
    this.#connection?.interrupt();
  }

  #resume(): void {
    const kept = this.#who && this.#memory.conversationOf(this.#who.consumerId);
    if (kept) this.#listen(kept.id, kept.seen);
  }

  #opening(clientMessageId: string, message: string): JsonObject {
    return {
      message,
      clientMessageId,
      ...(this.#channel && { channel: this.#channel }),
      ...(this.#known && { sdes: { ...this.#known } }),
    };
  }

  /** Makes sure that there is a token. */
  async #introduce(): Promise<void> {
    if (this.#who) return;
    const issued = await this.#service.token(this.#identityToken);
    const { consumerId, accessToken, isIdentified, expiresInSeconds } = issued;
    this.#service.accessToken = accessToken;
    this.#who = { consumerId, isIdentified };
    if (isIdentified) return;
    const expiresAt = Date.now() + expiresInSeconds * 1_000 - SPARE_MS;
    this.#memory.visitor = { consumerId, accessToken, expiresAt };
  }

  /** The token is worth nothing any more: unsent messages begin a conversation of somebody new. */
  async #estranged(): Promise<void> {
    this.#leave();
    this.#who = undefined;
    this.#service.accessToken = undefined;
    this.#memory.visitor = undefined;
    if (this.#identityToken) await this.identify(this.#identityToken);
    else if (!this.#outbox.isEmpty) this.#outbox.flush();
  }

  #follow(conversation: Conversation): void {
    this.#listen(conversation.id, 0);
    this.#stand(conversation);
    if (this.#who) {
      this.#memory.keepConversation(this.#who.consumerId, { id: conversation.id, seen: 0 });
    }
  }

  #listen(conversationId: string, seen: number): void {
    this.#conversationId = conversationId;
    this.#seen = seen;
    tell({ usher: "CONVERSATION", conversationId });
    this.#connection?.end();
    const connection = new Connection(
      { type: "OWN" },
      { open: () => this.#service.socket(), onRefused: () => {}, random: Math.random },
    );
    this.#connection = connection;
    connection.listen({
      onStart: () => void this.#read(conversationId),
      onEvent: (happened) => this.#happened(happened),
      onSignal: (signal) => this.#signalled(signal),
    });
    let wasConnected = true;
    connection.watch(() => {
      const { state } = connection;
      if (this.#connection !== connection) return;
      if (state.is === "ENDED") void this.#estranged();
      const isConnected = state.is === "LIVE" || (state.is === "CONNECTING" && wasConnected);
      if (state.is === "LIVE" && !wasConnected) {
        this.#outbox.flush();
        this.#look();
      }
      wasConnected = isConnected;
      if (isConnected !== this.#view.isConnected) this.#show({ isConnected });
    });
  }

  /** Reads the whole conversation; what happens from then on comes through the stream. */
  async #read(conversationId: string): Promise<void> {
    try {
      const events = await this.#service.timeline(conversationId);
      if (this.#conversationId !== conversationId) return;
      this.#tell(events.reduce(withEvent, this.#view.story));
      this.#stand(await this.#service.conversation(conversationId));
    } catch (failure) {
      if (this.#conversationId !== conversationId) return;
      const { status } = asFailure(failure);
      // It was erased, or is another consumer's now.
      if (status === 401 || status === 404) await this.#estranged();
      else setTimeout(() => void this.#read(conversationId), READ_AGAIN_MS);
    }
  }

  #happened(happened: Happened): void {
    if (happened.conversationId !== this.#conversationId) return;
    const { event } = happened;
    this.#tell(withEvent(this.#view.story, happened));
    if (event["type"] === "MESSAGE_SENT" && event["senderRole"] !== "CONSUMER") this.#stopTyping();
    // Where it stands now, the server knows best.
    if (event["type"] !== "MESSAGE_SENT" && event["type"] !== "MESSAGE_READ") this.#look();
  }

  #signalled({ conversationId, signal }: Signal): void {
    if (conversationId !== this.#conversationId) return;
    if (signal["type"] === "TYPING" && textOf(signal, "participantId") !== this.#who?.consumerId) {
      clearTimeout(this.#typing);
      const lasts = numberOf(signal, "untilSeconds") * 1_000;
      this.#typing = setTimeout(() => this.#stopTyping(), lasts);
      this.#show({ isTyping: true });
    }
    if (signal["type"] === "POSITION") {
      const wait = signal["expectedWaitSeconds"];
      const place = {
        ahead: numberOf(signal, "ahead"),
        isAtLeast: signal["isAtLeast"] === true,
        likelySeconds: isObject(wait) ? numberOf(wait, "likely") : undefined,
      };
      this.#show({ place });
      if (this.#view.stage !== "WAITING") this.#look();
    }
  }

  #stopTyping(): void {
    clearTimeout(this.#typing);
    if (this.#view.isTyping) this.#show({ isTyping: false });
  }

  #tell(story: Story): void {
    if (story === this.#view.story) return;
    this.#show({ story });
    this.#outbox.settle(new Set(story.messages.map(({ clientMessageId }) => clientMessageId)));
    this.#mark();
  }

  /** Asks where the conversation stands; asked while an answer is on the way, it asks once more. */
  #look(): void {
    if (this.#looking) {
      this.#mustLookAgain = true;
      return;
    }
    this.#looking = this.#ask().finally(() => {
      this.#looking = undefined;
      if (!this.#mustLookAgain) return;
      this.#mustLookAgain = false;
      this.#look();
    });
  }

  async #ask(): Promise<void> {
    const conversationId = this.#conversationId;
    if (!conversationId) return;
    // If it cannot be asked now, the next event or the next connection asks.
    const conversation = await this.#service.conversation(conversationId).catch(() => undefined);
    if (conversation && conversationId === this.#conversationId) this.#stand(conversation);
  }

  #stand(conversation: Conversation): void {
    this.#conversation = conversation;
    const { participants, agentId, state, position, expectedWaitSeconds, csat } = conversation;
    const nicknames = new Map(participants.map(({ id, nickname }) => [id, nickname ?? ""]));
    const stage = stageOf(conversation);
    const isHeld = state === "ASSIGNED" || state === "BOT";
    this.#show({
      stage,
      nicknames,
      answering:
        agentId && isHeld
          ? { id: agentId, nickname: nicknames.get(agentId) ?? "", isBot: state === "BOT" }
          : undefined,
      place:
        stage === "WAITING" && position
          ? { ...position, likelySeconds: expectedWaitSeconds?.likely }
          : undefined,
      csat: csat ?? undefined,
    });
  }

  /** Notes up to where the visitor has seen the conversation, and counts what is left. */
  #mark(): void {
    const { story } = this.#view;
    const unread = unreadAfter(story, this.#seen);
    if (!this.#isVisible || unread === 0 || !this.#conversationId) {
      this.#count(unread);
      return;
    }
    const last = story.messages.findLast(({ side }) => side !== "MINE");
    this.#seen = last?.sequence ?? this.#seen;
    if (this.#who) {
      const conversation = { id: this.#conversationId, seen: this.#seen };
      this.#memory.keepConversation(this.#who.consumerId, conversation);
    }
    // That it was read may be told with the next message.
    if (last && this.#view.stage !== "OVER") {
      this.#service.read(this.#conversationId, last.id).catch(() => {});
    }
    this.#count(0);
  }

  #count(unread: number): void {
    if (unread === this.#view.unread) return;
    this.#show({ unread });
    tell({ usher: "UNREAD", count: unread });
  }

  /** Lets go of the conversation, not of who the visitor is. */
  #leave(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.end();
    this.#conversation = undefined;
    this.#conversationId = undefined;
    this.#seen = 0;
    this.#stopTyping();
    this.#count(0);
    this.#show({
      stage: "NEW",
      story: EMPTY,
      answering: undefined,
      place: undefined,
      isConnected: true,
      csat: undefined,
      failure: undefined,
    });
  }

  #show(change: Partial<View>): void {
    this.#view = { ...this.#view, ...change };
    for (const watcher of this.#watchers) watcher();
  }
}

function stageOf({ state, closed, dialogs }: Conversation): Stage {
  if (closed) return "OVER";
  if (dialogs.some((dialog) => dialog.type === "POST_SURVEY" && !dialog.closed)) return "SURVEY";
  if (state === "CLOSED") return "OVER";
  return state === "ASSIGNED" || state === "BOT" ? "ANSWERED" : "WAITING";
}

function asFailure(error: unknown): Failure {
  return error instanceof Failure ? error : new Failure("The messenger has a fault.");
}
