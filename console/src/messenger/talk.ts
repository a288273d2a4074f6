/** One conversation as it happens: read once, then followed on the stream. */
import { Failure } from "../api/client";
import { isObject, textOf } from "../lib/json";
import { Connection } from "../live/connection";
import { type Happened, numberOf, type Signal } from "../live/frames";
import type { Conversation, Service } from "./service";
import { EMPTY, type Story, withEvent } from "./story";
import { stageOf, standingOf, type View } from "./view";

const TYPING_EVERY_MS = 3_000;
const READ_AGAIN_MS = 2_000;

interface Wiring {
  service: Service;
  /** Whether it is the visitor who takes part under an id. */
  isVisitor: (participantId: string) => boolean;
  onChange: (change: Partial<View>) => void;
  onStory: (story: Story) => void;
  /** Told when the connection is back. */
  onBack: () => void;
  /** Told when the conversation is not the visitor's any more. */
  onLost: () => void;
}

export class Talk {
  readonly id: string;
  readonly #wiring: Wiring;
  readonly #connection: Connection;
  #conversation: Conversation | undefined;
  #story: Story = EMPTY;
  #isLeft = false;
  #typedAt = 0;
  #isTyping = false;
  #typing: ReturnType<typeof setTimeout> | undefined;
  #looking: Promise<void> | undefined;
  #mustLookAgain = false;

  constructor(id: string, wiring: Wiring) {
    this.id = id;
    this.#wiring = wiring;
    this.#connection = new Connection(
      { type: "OWN" },
      { open: () => wiring.service.socket(), onRefused: () => {}, random: Math.random },
    );
    this.#connection.listen({
      onStart: () => void this.#read(),
      onEvent: (happened) => this.#happened(happened),
      onSignal: (signal) => this.#signalled(signal),
    });
    this.#watch();
  }

  /** Follows it no longer. */
  leave(): void {
    this.#isLeft = true;
    this.#connection.end();
    clearTimeout(this.#typing);
  }

  hurry(): void {
    this.#connection.hurry();
  }

  interrupt(): void {
    this.#connection.interrupt();
  }

  /** Says that the visitor types; it may be lost. */
  type(): void {
    const now = Date.now();
    if (now - this.#typedAt < TYPING_EVERY_MS) return;
    this.#typedAt = now;
    this.#connection.command("TYPING", { conversationId: this.id }).catch(() => {});
  }

  async end(): Promise<void> {
    if (this.#conversation) this.stand(await this.#wiring.service.end(this.#conversation));
  }

  async rate(csat: number): Promise<void> {
    this.stand(await this.#wiring.service.rate(this.id, csat));
  }

  /** Takes in where it stands. */
  stand(conversation: Conversation): void {
    if (this.#isLeft) return;
    this.#conversation = conversation;
    this.#wiring.onChange(standingOf(conversation));
  }

  #watch(): void {
    let wasConnected = true;
    this.#connection.watch(() => {
      const { state } = this.#connection;
      if (this.#isLeft) return;
      if (state.is === "ENDED") this.#wiring.onLost();
      const isConnected = state.is === "LIVE" || (state.is === "CONNECTING" && wasConnected);
      if (state.is === "LIVE" && !wasConnected) {
        this.#wiring.onBack();
        this.#look();
      }
      if (isConnected !== wasConnected) this.#wiring.onChange({ isConnected });
      wasConnected = isConnected;
    });
  }

  /** Reads the whole conversation; what happens from then on comes through the stream. */
  async #read(): Promise<void> {
    const { service } = this.#wiring;
    try {
      const events = await service.timeline(this.id);
      if (this.#isLeft) return;
      this.#tell(events.reduce(withEvent, this.#story));
      this.stand(await service.conversation(this.id));
    } catch (failure) {
      if (this.#isLeft) return;
      const status = failure instanceof Failure ? failure.status : 0;
      // It was erased, or is another consumer's now.
      if (status === 401 || status === 404) this.#wiring.onLost();
      else setTimeout(() => void this.#read(), READ_AGAIN_MS);
    }
  }

  #happened(happened: Happened): void {
    if (this.#isLeft || happened.conversationId !== this.id) return;
    const { event } = happened;
    this.#tell(withEvent(this.#story, happened));
    if (event["type"] === "MESSAGE_SENT" && event["senderRole"] !== "CONSUMER") this.#stopTyping();
    // Where it stands now, the server knows best.
    if (event["type"] !== "MESSAGE_SENT" && event["type"] !== "MESSAGE_READ") this.#look();
  }

  #signalled({ conversationId, signal }: Signal): void {
    if (this.#isLeft || conversationId !== this.id) return;
    const { onChange, isVisitor } = this.#wiring;
    if (signal["type"] === "TYPING" && !isVisitor(textOf(signal, "participantId"))) {
      clearTimeout(this.#typing);
      const lasts = numberOf(signal, "untilSeconds") * 1_000;
      this.#typing = setTimeout(() => this.#stopTyping(), lasts);
      this.#isTyping = true;
      onChange({ isTyping: true });
    }
    if (signal["type"] === "POSITION") {
      const wait = signal["expectedWaitSeconds"];
      const place = {
        ahead: numberOf(signal, "ahead"),
        isAtLeast: signal["isAtLeast"] === true,
        likelySeconds: isObject(wait) ? numberOf(wait, "likely") : undefined,
      };
      onChange({ place });
      if (!this.#conversation || stageOf(this.#conversation) !== "WAITING") this.#look();
    }
  }

  #stopTyping(): void {
    clearTimeout(this.#typing);
    if (!this.#isTyping) return;
    this.#isTyping = false;
    this.#wiring.onChange({ isTyping: false });
  }

  #tell(story: Story): void {
    if (story === this.#story) return;
    this.#story = story;
    this.#wiring.onStory(story);
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
    // If it cannot be asked now, the next event or the next connection asks.
    const found = await this.#wiring.service.conversation(this.id).catch(() => undefined);
    if (found) this.stand(found);
  }
}
