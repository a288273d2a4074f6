/** What a visitor does with the messenger: who they are, their conversation, and what is unsent. */
import { Failure } from "../api/client";
import type { JsonObject } from "../lib/json";
import { type Beginning, type Known, type Look, tell } from "./frame";
import type { Memory, Unsent } from "./memory";
import { Outbox } from "./outbox";
import type { Conversation, Service } from "./service";
import { type Story, unreadAfter } from "./story";
import { Talk } from "./talk";
import { BEGINNING, NO_CONVERSATION, type View } from "./view";
import { Visitor } from "./visitor";

export class Chat {
  readonly #service: Service;
  readonly #memory: Memory;
  readonly #outbox: Outbox;
  readonly #visitor: Visitor;
  readonly #watchers = new Set<() => void>();
  #view = BEGINNING;
  #known: Known | undefined;
  #channel: string | undefined;
  #talk: Talk | undefined;
  #seen = 0;
  #isVisible = false;

  constructor(service: Service, memory: Memory) {
    this.#service = service;
    this.#memory = memory;
    this.#visitor = new Visitor(service, memory, () => {
      // The stream ends with the token that it was opened with.
      if (this.#talk) this.#listen(this.#talk.id, this.#seen);
    });
    this.#outbox = new Outbox({
      memory,
      deliver: (message) => this.#deliver(message),
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
    this.#visitor.recall();
    this.#resume();
    this.#outbox.flush();
    this.#show({ isReady: true, outgoing: this.#outbox.messages });
    const hasConversation = this.#talk !== undefined;
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
    this.#visitor.become(beginning);
    this.#channel = beginning.channel;
    this.#known = beginning.sdes;
    this.#show({ isReady: true });
  }

  /** Goes on as whom the brand's token names; an open conversation goes along. */
  async identify(identityToken: string): Promise<void> {
    try {
      const issued = await this.#service.token(identityToken);
      if (this.#talk && this.#visitor.isAnonymous) {
        // One that is over stays with whom it was.
        await this.#service.identify(this.#talk.id, identityToken).catch(() => {});
      }
      this.#leave();
      this.#visitor.vouched(issued, identityToken);
      const ongoing = await this.#service.ongoing();
      if (ongoing) this.#follow(ongoing);
      this.#outbox.flush();
    } catch (failure) {
      this.#show({ failure: asFailure(failure) });
    }
  }

  /** Forgets who it was: the next visitor at this browser is somebody else. */
  forget(): void {
    this.#leave();
    this.#outbox.clear();
    this.#visitor.forget();
    this.#known = undefined;
  }

  send(text: string): void {
    this.#outbox.add(text);
  }

  /** Takes back what the server refused; returns the text, to be written anew. */
  takeBack(clientMessageId: string): string {
    return this.#outbox.takeBack(clientMessageId);
  }

  type(): void {
    this.#talk?.type();
  }

  /** Whether the visitor sees the conversation now. */
  see(isVisible: boolean): void {
    this.#isVisible = isVisible;
    this.#mark();
  }

  async end(): Promise<void> {
    await this.#talk?.end();
  }

  async rate(csat: number): Promise<void> {
    await this.#talk?.rate(csat);
  }

  /** Leaves a conversation that is over; the next message opens another one. */
  again(): void {
    const { consumerId } = this.#visitor;
    if (consumerId) this.#memory.keepConversation(consumerId, undefined);
    this.#leave();
  }

  /** Takes over what another tab of this browser has begun. */
  adopt(): void {
    if (!this.#talk && this.#visitor.adopt()) this.#resume();
  }

  /** The network is back, or the page was woken: nothing waits any longer. */
  hurry(): void {
    if (this.#view.failure) void this.begin();
    this.#visitor.stay();
    this.#talk?.hurry();
    this.#outbox.flush();
  }

  interrupt(): void {
    this.#talk?.interrupt();
  }

  async #deliver(message: Unsent): Promise<void> {
    await this.#visitor.introduce();
    const { clientMessageId, text } = message;
    if (this.#talk) {
      await this.#service.say(this.#talk.id, clientMessageId, text);
      return;
    }
    const opening = message.opening ?? this.#opening(clientMessageId, text);
    if (!message.opening) this.#outbox.opensWith(clientMessageId, opening);
    this.#follow(await this.#service.open(clientMessageId, opening));
  }

  #opening(clientMessageId: string, message: string): JsonObject {
    return {
      message,
      clientMessageId,
      ...(this.#channel && { channel: this.#channel }),
      ...(this.#known && { sdes: { ...this.#known } }),
    };
  }

  #resume(): void {
    const { consumerId } = this.#visitor;
    const kept = consumerId && this.#memory.conversationOf(consumerId);
    if (kept) this.#listen(kept.id, kept.seen);
  }

  /** The token is worth nothing any more: unsent messages begin a conversation of somebody new. */
  async #estranged(): Promise<void> {
    this.#leave();
    this.#visitor.lose();
    const { identityToken } = this.#visitor;
    if (identityToken) await this.identify(identityToken);
    else if (!this.#outbox.isEmpty) this.#outbox.flush();
  }

  #follow(conversation: Conversation): void {
    this.#listen(conversation.id, 0).stand(conversation);
    this.#keep(conversation.id);
  }

  #listen(conversationId: string, seen: number): Talk {
    this.#talk?.leave();
    this.#seen = seen;
    tell({ usher: "CONVERSATION", conversationId });
    const talk = new Talk(conversationId, {
      service: this.#service,
      isVisitor: (id) => id === this.#visitor.consumerId,
      onChange: (change) => this.#show(change),
      onStory: (story) => this.#tell(story),
      onBack: () => this.#outbox.flush(),
      onLost: () => void this.#estranged(),
    });
    this.#talk = talk;
    return talk;
  }

  /** Remembers up to where the visitor has seen a conversation. */
  #keep(id: string): void {
    const { consumerId } = this.#visitor;
    if (consumerId) this.#memory.keepConversation(consumerId, { id, seen: this.#seen });
  }

  #tell(story: Story): void {
    this.#show({ story });
    this.#outbox.settle(new Set(story.messages.map(({ clientMessageId }) => clientMessageId)));
    this.#mark();
  }

  /** Notes up to where the visitor has seen the conversation, and counts what is left. */
  #mark(): void {
    const { story, stage } = this.#view;
    const unread = unreadAfter(story, this.#seen);
    if (!this.#isVisible || unread === 0 || !this.#talk) {
      this.#count(unread);
      return;
    }
    const last = story.messages.findLast(({ side }) => side !== "MINE");
    this.#seen = last?.sequence ?? this.#seen;
    this.#keep(this.#talk.id);
    // That it was read may be told with the next message.
    if (last && stage !== "OVER") this.#service.read(this.#talk.id, last.id).catch(() => {});
    this.#count(0);
  }

  #count(unread: number): void {
    if (unread === this.#view.unread) return;
    this.#show({ unread });
    tell({ usher: "UNREAD", count: unread });
  }

  /** Lets go of the conversation, not of who the visitor is. */
  #leave(): void {
    this.#talk?.leave();
    this.#talk = undefined;
    this.#seen = 0;
    this.#count(0);
    this.#show(NO_CONVERSATION);
  }

  #show(change: Partial<View>): void {
    this.#view = { ...this.#view, ...change };
    for (const watcher of this.#watchers) watcher();
  }
}

function asFailure(error: unknown): Failure {
  return error instanceof Failure ? error : new Failure("The messenger has a fault.");
}
